/* A thread that is not the first starts the program, while the first rewrites its path. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char path[4096];

static void *begin(void *_) {
  char *words[] = {"fine", 0};
  execve(path, words, environ);
  _exit(99);
}

static void start(void) {
  strcpy(path, FINE);
  thread_of(begin);
  for (;;) strcpy(path, target("SWIFT")), moment(), strcpy(path, FINE), moment();
}

int main(void) {
  race(start, 0);
  return 0;
}
