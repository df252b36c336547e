/* As /proc/self/fd/50 and /dev/fd/50, while a thread puts another file there. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static int good, evil;

static void *flip(void *_) {
  while (!over) dup2(good, 50), moment(), dup2(evil, 50), moment();
  return 0;
}

static char stack[65536];
static int child(void *path) {
  char *words[] = {"fine", 0};
  execve(path, words, environ);
  _exit(99);
}

int main(void) {
  char *paths[] = {"/proc/self/fd/50", "/dev/fd/50", "/proc/thread-self/fd/50"};
  good = open(FINE, O_PATH), evil = open(target("SWIFT"), O_PATH);
  dup2(good, 50);
  thread_of(flip);
  dup2(open("/dev/null", O_WRONLY), 2);
  tried();
  for (int number = 0; more(number); number++) {
    int status, pid;
    pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, paths[number % 3]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid) ended(status);
  }
  report();
  return 0;
}
