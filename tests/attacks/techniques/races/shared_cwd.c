/* A process that shares the working folder changes it while a relative path is started. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static int good, evil;

static void *flip(void *_) {
  while (!over) {
    if (fchdir(good)) break;
    moment();
    if (fchdir(evil)) break;
    moment();
  }
  return 0;
}

static char stack[65536];
static int child(void *_) {
  char *words[] = {"fine", 0};
  execve("program", words, environ);
  _exit(99);
}

int main(void) {
  mkdir("good", 0755), mkdir("evil", 0755);
  copy(FINE, "good/program"), copy(target("SWIFT"), "evil/program");
  good = open("good", O_PATH), evil = open("evil", O_PATH);
  thread_of(flip);
  dup2(open("/dev/null", O_WRONLY), 2);
  tried();
  for (int number = 0; more(number); number++) {
    int status, pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_VFORK | SIGCHLD, 0);
    if (pid > 0 && waitpid(pid, &status, 0) == pid) ended(status);
  }
  report();
  return 0;
}
