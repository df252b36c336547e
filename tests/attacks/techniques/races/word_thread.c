/* A thread flips an argument between a harmless word and the denied one. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char word[16] = "harmles";

static void *flip(void *_) {
  while (!over) {
    memcpy(word, "harmles", 8), moment();
    memcpy(word, "destroy", 8), moment();
  }
  return 0;
}

static void start(void) {
  char *words[] = {"chooser", word, 0};
  execve(target("CHOOSER"), words, environ);
}

int main(void) {
  thread_of(flip);
  race(start, 1);
  return 0;
}
