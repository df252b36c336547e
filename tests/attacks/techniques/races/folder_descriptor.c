/* execveat of a name below a folder's descriptor, while the names in that folder change places. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static int folder;

static void start(void) {
  char *words[] = {"fine", 0};
  syscall(SYS_execveat, folder, "program", words, environ, 0);
}

int main(void) {
  mkdir("here", 0755);
  copy(FINE, "here/program"), copy(target("SWIFT"), "here/other");
  folder = open("here", O_PATH);
  int flipper = fork();
  if (!flipper)
    for (;;) renameat2(folder, "program", folder, "other", RENAME_EXCHANGE), moment();
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
