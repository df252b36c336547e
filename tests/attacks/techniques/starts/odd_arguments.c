/* No words, no environment, an empty first word, and words at the end of mapped memory. */
// aims: marks
// control: harms
#include "attack.h"

static void child(const char *path, char **words, char **variables) {
  if (!fork()) {
    execve(path, words, variables);
    _exit(1);
  }
  wait(0);
}

int main(void) {
  const char *swift = target("SWIFT");
  char *none[] = {0}, *empty[] = {"", 0}, *other[] = {"/usr/bin/true", 0};
  char *edge = mmap(0, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(edge + 4096, 4096);
  char *path = edge + 4096 - strlen(swift) - 1;
  strcpy(path, swift);
  tried();
  child(swift, 0, 0), child(swift, none, none), child(swift, empty, environ), child(path, other, 0);
  char **many = calloc(20001, sizeof *many);
  for (int at = 0; at < 20000; at++) many[at] = "x";
  child(path, many, environ), child(swift, other, many);
  return 0;
}
