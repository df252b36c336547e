/* What races share: as many starts as are wanted, and how they ended. */
#include "attack.h"

static volatile int over;

/* How often: a few in the suite, ten thousand in the stress. */
static int attempts(void) {
  const char *value = getenv("ATTACK_ATTEMPTS");
  return value ? atoi(value) : 120;
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

/* Run `start` in children until enough was tried; a child that could not start its program exits with 99. */
static void race(void (*start)(void), int shares_memory) {
  int ran = 0, refused = 0, killed = 0, count = attempts();
  tried();
  for (int number = 0; number < count; number++) {
    int status = 0, child = shares_memory ? vfork() : fork();
    if (!child) {
      close(2);
      start();
      _exit(99);
    }
    if (child < 0) { moment(); continue; }
    if (waitpid(child, &status, 0) != child) continue;
    if (WIFSIGNALED(status)) killed++;
    else if (WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 126) refused++;
    else ran++;
  }
  over = 1;
  printf("%d attempts: %d ran, %d refused, %d killed\n", count, ran, refused, killed);
}
