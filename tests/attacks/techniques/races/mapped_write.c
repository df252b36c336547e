/* One byte of a copy of the denied program is changed back through a shared mapping, which leaves no time on the file. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

#define PLACE "/tmp/attack-mapped"

static void start(void) {
  char *words[] = {"fine", 0};
  execve(PLACE, words, environ);
}

int main(void) {
  char data[1 << 17];
  copy(target("SWIFT"), PLACE);
  int file = open(PLACE, O_RDWR);
  ssize_t size = read(file, data, sizeof data);
  close(file);
  char *name = memmem(data, size, target("MARKS"), strlen(target("MARKS")));
  if (!name) cannot("another program than this was written for");
  int flipper = fork();
  if (!flipper)
    for (;;) {
      /* A start is only possible while nobody has it open or mapped for writing. */
      file = open(PLACE, O_RDWR);
      if (file < 0) { moment(); continue; }
      char *mapped = mmap(0, size, 3, MAP_SHARED, file, 0);
      close(file);
      for (int turn = rand() % 4; turn >= 0; turn--) mapped[name - data] = turn % 2 ? 0 : '/', moment();
      mapped[name - data] = rand() % 2 ? 0 : '/';
      munmap(mapped, size);
      for (int turn = rand() % 4; turn >= 0; turn--) moment();
    }
  race(start, 1);
  kill(flipper, SIGKILL);
  unlink(PLACE);
  return 0;
}
