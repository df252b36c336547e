/* Another process flips the path in shared memory, so that no thread of the caller's own can be blamed or stopped. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char *path;

static void start(void) {
  char *words[] = {"fine", 0};
  execve(path, words, environ);
}

int main(void) {
  path = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(path, FINE);
  int flipper = fork();
  if (!flipper)
    for (;;) {
      strcpy(path, FINE), moment();
      strcpy(path, target("SWIFT")), moment();
    }
  race(start, 0);
  kill(flipper, SIGKILL);
  return 0;
}
