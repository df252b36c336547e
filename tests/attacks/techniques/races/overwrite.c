/* The program's file is written over in place, with the content of the denied one and back. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static void start(void) {
  char *words[] = {"fine", 0};
  execve("./program", words, environ);
}

int main(void) {
  copy(FINE, "program");
  int flipper = fork();
  if (!flipper)
    for (;;) {
      copy(FINE, "new"), rename("new", "program"), moment();
      int file = open("program", O_WRONLY | O_TRUNC), from = open(target("SWIFT"), O_RDONLY);
      char data[65536];
      ssize_t got = read(from, data, sizeof data);
      if (file >= 0 && write(file, data, got) != got) moment();
      close(file), close(from), moment();
    }
  race(start, 1);
  kill(flipper, SIGKILL);
  return 0;
}
