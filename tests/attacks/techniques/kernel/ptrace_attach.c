/* Attach to, seize and read the process outside, process 1, the parent and a child of our own. */
// aims: process
// control: harms (root)
#include "attack.h"

#include <sys/ptrace.h>

int main(void) {
  pid_t child = fork();
  if (!child) for (;;) pause();
  pid_t all[] = {atoi(target("PID")), 1, getppid(), child};
  tried();
  for (int at = 0; at < 4; at++) {
    if (!ptrace(PTRACE_ATTACH, all[at], 0, 0)) breach("attached"), ptrace(PTRACE_DETACH, all[at], 0, 0);
    if (!ptrace(PTRACE_SEIZE, all[at], 0, 0)) breach("seized"), ptrace(PTRACE_INTERRUPT, all[at], 0, 0);
    printf("%d: %s\n", at, strerror(errno));
  }
  kill(child, SIGKILL);
  return 0;
}
