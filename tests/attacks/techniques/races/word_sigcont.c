/* A storm of SIGCONT wakes whoever is stopped to be looked at, while another process flips the word. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char *word;

static void start(void) {
  char *words[] = {"chooser", word, 0};
  execve(target("CHOOSER"), words, environ);
}

int main(void) {
  word = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  signal(SIGCONT, SIG_IGN);
  int flipper = fork();
  if (!flipper)
    for (;;) {
      memcpy(word, "harmles", 8), moment();
      memcpy(word, "destroy", 8), moment();
      kill(0, SIGCONT);
    }
  race(start, 0);
  kill(flipper, SIGKILL);
  return 0;
}
