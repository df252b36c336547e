/* The path leads through the /proc folder of another process, in whose folder two files change places. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char path[64];

static void start(void) {
  char *words[] = {"fine", 0};
  execve(path, words, environ);
}

int main(void) {
  copy(FINE, "a"), copy(target("SWIFT"), "b");
  int other = fork();
  if (!other)
    for (;;) renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE), moment();
  snprintf(path, sizeof path, "/proc/%d/cwd/a", other);
  race(start, 1);
  kill(other, SIGKILL);
  return 0;
}
