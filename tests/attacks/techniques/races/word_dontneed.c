/* The word lies in a private file page: throwing the page away brings back what the file says, which no write shows. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char *page;

static void *flip(void *_) {
  while (!over) {
    memcpy(page, "harmles", 8), moment();
    madvise(page, 4096, MADV_DONTNEED), moment();
  }
  return 0;
}

static void start(void) {
  char *words[] = {"chooser", page, 0};
  execve(target("CHOOSER"), words, environ);
}

int main(void) {
  int file = open("word", O_CREAT | O_RDWR, 0600);
  if (write(file, "destroy", 8) != 8 || ftruncate(file, 4096)) cannot("no file");
  page = mmap(0, 4096, 3, MAP_PRIVATE, file, 0);
  thread_of(flip);
  race(start, 1);
  return 0;
}
