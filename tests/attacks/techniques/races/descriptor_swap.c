/* A thread puts another file under the descriptor that execveat starts. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static int good, evil;

static void *flip(void *_) {
  while (!over) dup2(good, 50), moment(), dup2(evil, 50), moment();
  return 0;
}

static void start(void) {
  char *words[] = {"fine", 0};
  syscall(SYS_execveat, 50, "", words, environ, AT_EMPTY_PATH);
}

/* The child shares the descriptors: CLONE_VM | CLONE_FILES | CLONE_VFORK. */
static char stack[65536];
static int child(void *_) {
  start();
  _exit(99);
}

int main(void) {
  good = open(FINE, O_PATH), evil = open(target("SWIFT"), O_PATH);
  dup2(good, 50);
  thread_of(flip);
  dup2(open("/dev/null", O_WRONLY), 2);
  tried();
  for (int number = 0; more(number); number++) {
    int status, pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, 0);
    if (pid > 0 && waitpid(pid, &status, 0) == pid) ended(status);
  }
  report();
  return 0;
}
