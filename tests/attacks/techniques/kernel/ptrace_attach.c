/* Attach to, seize and read the process outside, process 1, the parent and a child of our own. */
// aims: process
// control: harms (root)
#include "attack.h"

#include <sys/ptrace.h>

static void attacked(pid_t pid) {
  long request[] = {PTRACE_ATTACH, PTRACE_SEIZE};
  for (int way = 0; way < 2; way++) {
    long result = ptrace(request[way], pid, 0, 0);
    printf("%d: %s\n", pid, result ? strerror(errno) : "attached");
    if (result) continue;
    breach("attached");
    if (way) ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    waitpid(pid, 0, __WALL);
    ptrace(PTRACE_DETACH, pid, 0, 0);
  }
}

int main(void) {
  pid_t child = fork();
  if (!child) for (;;) pause();
  tried();
  attacked(atoi(target("PID")));
  attacked(child);
  /* As root this is no cell, and these are the developer's. */
  if (geteuid()) attacked(1), attacked(getppid());
  kill(child, SIGKILL);
  return 0;
}
