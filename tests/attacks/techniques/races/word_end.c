/* A thread moves the end of the argument list, so that the denied word is in it or is not. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char *volatile words[] = {"chooser", 0, 0};

static void *flip(void *_) {
  while (!over) {
    words[1] = 0, moment();
    words[1] = "destroy", moment();
  }
  return 0;
}

static void start(void) { execve(target("CHOOSER"), (char **)words, environ); }

int main(void) {
  thread_of(flip);
  race(start, 1);
  return 0;
}
