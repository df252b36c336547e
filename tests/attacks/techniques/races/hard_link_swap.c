/* The name is a hard link that is made again and again to another file. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"fine", 0};
  execve("./program", words, environ);
}

int main(void) {
  copy(FINE, "one"), copy(target("SWIFT"), "two"), copy(FINE, "program");
  int flipper = fork();
  if (!flipper)
    for (;;) {
      link("one", "new"), rename("new", "program"), unlink("new"), moment();
      link("two", "new"), rename("new", "program"), unlink("new"), moment();
    }
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
