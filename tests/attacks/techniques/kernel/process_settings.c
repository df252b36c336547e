/* prctl: another command line and program file, tracers by name, undumpable, subreaper, and back to privileges. */
// aims: marks
// control: harms
#include "attack.h"

#include <linux/seccomp.h>

int main(void) {
  char *words[] = {"x", 0};
  tried();
  for (int way = 0; way < 6; way++)
    if (!fork()) {
      if (way == 0) prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, open("/bin/true", O_RDONLY), 0, 0);
      if (way == 1) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      if (way == 2) prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
      if (way == 3) prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_SET_SECCOMP, 0, 0, 0, 0);
      if (way == 4) prctl(PR_SET_NAME, "true", 0, 0, 0), prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
      if (way == 5) prctl(PR_SET_MM, PR_SET_MM_ARG_START, (long)words, 0, 0);
      execve(target("SWIFT"), words, environ);
      _exit(1);
    }
  while (wait(0) > 0);
  return 0;
}
