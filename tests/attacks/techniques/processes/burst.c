/* A few hundred starts at the same moment, one of them denied, from as many processes. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  char *words[] = {"x", 0}, *fine[] = {"chooser", 0};
  int held[2];
  char byte;
  if (pipe(held)) cannot("no pipe");
  tried();
  for (int at = 0; at < 200; at++)
    if (!fork()) {
      close(held[1]), close(2);
      if (read(held[0], &byte, 1) > 0) _exit(1);
      at % 50 == 49 ? execve(target("SWIFT"), words, environ) : execve(target("CHOOSER"), fine, environ);
      _exit(1);
    }
  close(held[1]);
  while (wait(0) > 0);
  return 0;
}
