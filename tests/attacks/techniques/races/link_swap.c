/* A link that another process points at the denied program and back again. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"fine", 0};
  execve("./link", words, environ);
}

int main(void) {
  if (symlink(FINE, "link")) cannot("no link");
  int flipper = fork();
  if (!flipper)
    for (;;) {
      symlink(FINE, "new"), rename("new", "link"), moment();
      symlink(target("SWIFT"), "new"), rename("new", "link"), moment();
    }
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
