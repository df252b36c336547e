/* A folder of PATH is exchanged for another while execvp walks along it. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"program", 0};
  execvp("program", words);
}

int main(void) {
  mkdir("here", 0755), mkdir("there", 0755);
  if (symlink(FINE, "here/program") || symlink(target("SWIFT"), "there/program")) cannot("no links");
  setenv("PATH", "nowhere::here:./here", 1);
  int flipper = fork();
  if (!flipper)
    for (;;) renameat2(AT_FDCWD, "here", AT_FDCWD, "there", RENAME_EXCHANGE), moment();
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
