/* Two files are exchanged in one step under the name that is started. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"fine", 0};
  execve("./program", words, environ);
}

int main(void) {
  copy(FINE, "program"), copy(target("SWIFT"), "other");
  int flipper = fork();
  if (!flipper)
    for (;;) renameat2(AT_FDCWD, "program", AT_FDCWD, "other", RENAME_EXCHANGE), moment();
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
