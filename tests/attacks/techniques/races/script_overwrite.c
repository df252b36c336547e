/* The script's first line is written over in place, by bytes of the same length. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"script", 0};
  execve("./script", words, environ);
}

int main(void) {
  if (symlink(FINE, "a") || symlink(target("SWIFT"), "b")) cannot("no links");
  int script = open("script", O_CREAT | O_RDWR, 0755);
  if (write(script, "#!./a\n", 6) != 6) cannot("no script");
  close(script);
  int flipper = fork();
  if (!flipper)
    for (int turn = 0;; turn++) {
      script = open("script", O_WRONLY);
      if (script >= 0 && pwrite(script, turn % 2 ? "a" : "b", 1, 4) != 1) moment();
      close(script), moment(), moment();
    }
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
