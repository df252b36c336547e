/* Two folders are exchanged in one step: the same path leads to a copy of the one program, then of the other. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"fine", 0};
  execve("./here/program", words, environ);
}

int main(void) {
  mkdir("here", 0755), mkdir("there", 0755);
  copy(FINE, "here/program"), copy(target("SWIFT"), "there/program");
  int flipper = fork();
  if (!flipper)
    for (;;) renameat2(AT_FDCWD, "here", AT_FDCWD, "there", RENAME_EXCHANGE), moment();
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
