/* The caller's own limits are so tight that nothing can be said, opened or written for it. */
// aims: marks
// control: harms
#include "attack.h"

#include <sys/resource.h>

int main(void) {
  int kinds[] = {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_STACK, RLIMIT_DATA, RLIMIT_CPU};
  char *words[] = {"x", 0};
  tried();
  for (unsigned at = 0; at < sizeof kinds / sizeof *kinds; at++)
    if (!fork()) {
      struct rlimit none = {kinds[at] == RLIMIT_STACK ? 65536 : kinds[at] == RLIMIT_CPU ? 1 : kinds[at] == RLIMIT_AS ? 1 << 20 : 0, 1 << 30};
      setrlimit(kinds[at], &none);
      execve(target("SWIFT"), words, environ);
      _exit(1);
    }
  while (wait(0) > 0);
  return 0;
}
