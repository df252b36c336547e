/* Personalities: other layouts, old kernels, and code on every readable page. */
// aims: marks
// control: harms
#include "attack.h"

#include <sys/personality.h>

int main(void) {
  unsigned long kinds[] = {ADDR_NO_RANDOMIZE, READ_IMPLIES_EXEC, ADDR_COMPAT_LAYOUT, UNAME26, PER_LINUX32, MMAP_PAGE_ZERO};
  char *words[] = {"x", 0};
  tried();
  for (unsigned at = 0; at < sizeof kinds / sizeof *kinds; at++)
    if (!fork()) personality(kinds[at]), execve(target("SWIFT"), words, environ), _exit(1);
  while (wait(0) > 0);
  return 0;
}
