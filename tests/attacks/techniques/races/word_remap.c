/* A thread maps another page over the one that the word lies in. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char *page;
static int good, evil;

static void *flip(void *_) {
  while (!over) {
    mmap(page, 4096, 1, MAP_SHARED | MAP_FIXED, good, 0), moment();
    mmap(page, 4096, 1, MAP_SHARED | MAP_FIXED, evil, 0), moment();
  }
  return 0;
}

static int holding(const char *word) {
  int file = memfd_create(word, 0);
  if (ftruncate(file, 4096) || pwrite(file, word, strlen(word), 0) < 0) cannot("no memory file");
  return file;
}

static void start(void) {
  char *words[] = {"chooser", page, 0};
  execve(target("CHOOSER"), words, environ);
}

int main(void) {
  good = holding("harmless"), evil = holding("destroy");
  page = mmap(0, 4096, 1, MAP_SHARED, good, 0);
  thread_of(flip);
  race(start, 1);
  return 0;
}
