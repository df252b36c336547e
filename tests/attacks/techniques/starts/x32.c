/* The x32 numbers of execve and execveat, and numbers with other high bits. */
// aims: marks
// control: none (few kernels have the x32 calls)
#include "attack.h"

int main(void) {
  char *words[] = {"x", 0};
  const char *swift = target("SWIFT");
  long numbers[] = {0x40000000 + 520, 0x40000000 + 545, 0x40000000 + 59, 0x40000000 + 322, 0x10000003b, -1L << 32 | 59, 0x80000000L + 59};
  tried();
  for (unsigned at = 0; at < sizeof numbers / sizeof *numbers; at++)
    if (!fork()) {
      syscall(numbers[at], swift, words, environ);
      syscall(numbers[at], AT_FDCWD, swift, words, environ, 0);
      _exit(1);
    }
  while (wait(0) > 0);
  return 0;
}
