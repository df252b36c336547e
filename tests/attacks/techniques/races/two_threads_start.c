/* Two threads of one process start the allowed and the denied program at the same moment. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void *begin(void *_) {
  char *words[] = {"swift", 0};
  execve(target("SWIFT"), words, environ);
  _exit(99);
}

static void start(void) {
  char *words[] = {"fine", 0};
  thread_of(begin);
  moment();
  execve(FINE, words, environ);
}

int main(void) {
  race(start, 0);
  return 0;
}
