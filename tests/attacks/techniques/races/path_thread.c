/* A thread flips the path between an allowed and the denied program while vforked children start it. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char path[4096];

static void *flip(void *_) {
  while (!over) {
    strcpy(path, FINE), moment();
    strcpy(path, target("SWIFT")), moment();
  }
  return 0;
}

static void start(void) {
  char *words[] = {"fine", 0};
  execve(path, words, environ);
}

int main(void) {
  strcpy(path, FINE);
  thread_of(flip);
  race(start, 1);
  return 0;
}
