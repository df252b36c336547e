/* The interpreter that a script names is a link that flips between an allowed and the denied program. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"script", 0};
  execve("./script", words, environ);
}

int main(void) {
  FILE *script = fopen("script", "w");
  fputs("#!./interpreter\n", script), fclose(script), chmod("script", 0755);
  if (symlink(FINE, "interpreter")) cannot("no link");
  int flipper = fork();
  if (!flipper)
    for (;;) {
      symlink(FINE, "new"), rename("new", "interpreter"), moment();
      symlink(target("SWIFT"), "new"), rename("new", "interpreter"), moment();
    }
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
