/* The script's first line changes between the decision and the start: it names the denied program as interpreter. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"script", 0};
  execve("./script", words, environ);
}

static void say(const char *name, const char *interpreter) {
  FILE *script = fopen(name, "w");
  fprintf(script, "#!%s\n", interpreter), fclose(script), chmod(name, 0755);
}

int main(void) {
  say("script", FINE), say("other", target("SWIFT"));
  int flipper = fork();
  if (!flipper)
    for (;;) renameat2(AT_FDCWD, "script", AT_FDCWD, "other", RENAME_EXCHANGE), moment();
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
