/* The caller's parent ends, and its process number is given out again, while the start waits. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  char *words[] = {"x", 0};
  tried();
  for (int round = 0; round < 20; round++)
    if (!fork()) {
      if (!fork()) execve(target("SWIFT"), words, environ), _exit(1);
      _exit(0);
    } else wait(0);
  usleep(100000);
  return 0;
}
