/* A thread flips the pointer in the argument list, not the word that it points to. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char *volatile words[] = {"chooser", "harmless", 0};

static void *flip(void *_) {
  while (!over) {
    words[1] = "harmless", moment();
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
