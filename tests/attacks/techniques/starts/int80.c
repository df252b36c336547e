/* The 32-bit entry point of the kernel (int 0x80) starts the denied program with other numbers. */
// aims: marks
// control: none (it is a path of 32 bits; many kernels have no 32-bit entry)
#include "attack.h"

int main(void) {
#ifndef __x86_64__
  cannot("no 32-bit entry point on this machine");
#else
  char *low = mmap((void *)0x10000000, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  unsigned *words = (unsigned *)(low + 4096);
  strcpy(low, target("SWIFT"));
  words[0] = (unsigned)(uintptr_t)low, words[1] = 0;
  tried();
  for (int number = 0; number < 2; number++)
    if (!fork()) {
      long result;
      if (number == 0)
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(11), "b"(low), "c"(words), "d"(words + 1) : "memory");
      else
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(358), "b"(-100), "c"(low), "d"(words), "S"(words + 1), "D"(0) : "memory");
      _exit(1);
    }
  while (wait(0) > 0);
#endif
  return 0;
}
