/* What races share: as many starts as are wanted, and how they ended. */
#include "attack.h"

static volatile int over;

/* How often: a few in the suite, ten thousand in the stress. */
static int attempts(void) {
  const char *value = getenv("ATTACK_ATTEMPTS");
  return value ? atoi(value) : 120;
}

static int marked(void) {
  char names[2][4096];
  snprintf(names[0], sizeof *names, "%s/mark-swift", target("MARKS"));
  snprintf(names[1], sizeof *names, "%s/mark-chooser", target("MARKS"));
  return !access(names[0], F_OK) || !access(names[1], F_OK);
}

/* Whether to go on; unsupervised until the race was won once, which on a busy machine may take a while. */
static int more(int number) {
  if (!getenv("ATTACK_UNSUPERVISED")) return number < attempts();
  return number < 100 * attempts() && !marked();
}

/* A moment, of another length each time. */
static void moment(void) {
  static __thread unsigned seed = 12345;
  seed = seed * 1103515245 + 12345;
  for (volatile unsigned wait = 0; wait < (seed >> 16) % 9000; wait++);
}

/* A file's bytes under another name. */
static void copy(const char *from, const char *to) {
  char data[65536];
  int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  if (in < 0 || out < 0) cannot("a file cannot be copied");
  for (ssize_t got; (got = read(in, data, sizeof data)) > 0;)
    if (write(out, data, got) != got) cannot("a file cannot be copied");
  close(in), close(out);
}

/* A program that does nothing, small enough to be copied often: the chooser without its word. */
#define FINE target("CHOOSER")

static void *thread_of(void *(*what)(void *)) {
  pthread_t thread;
  if (pthread_create(&thread, 0, what, 0)) cannot("no thread");
  return 0;
}

static int ran, refused, killed;

/* How a child ended; one that could not start its program exits with 99. */
static void ended(int status) {
  if (WIFSIGNALED(status)) killed++;
  else if (WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 126) refused++;
  else ran++;
}

static void report(void) {
  printf("%d attempts: %d ran, %d refused, %d killed\n", ran + refused + killed, ran, refused, killed);
}

/* Run `start` in children until enough was tried. */
static void race(void (*start)(void), int shares_memory) {
  tried();
  for (int number = 0; more(number); number++) {
    int status = 0, child = shares_memory ? vfork() : fork();
    if (!child) {
      close(2);
      start();
      _exit(99);
    }
    if (child > 0 && waitpid(child, &status, 0) == child) ended(status);
    else moment();
  }
  over = 1;
  report();
}
