/* clone3 with CLONE_VM, with an untraced child, and into a pidfd; the child starts the denied program. */
// aims: marks
// control: harms
#include "attack.h"

struct arguments { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };

static int child(void *_) {
  char *words[] = {"x", 0};
  execve(target("SWIFT"), words, environ);
  _exit(1);
}

int main(void) {
  static char stack[65536];
  int pidfd;
  tried();
  for (int way = 0; way < 3; way++) {
    struct arguments given = {.exit_signal = SIGCHLD, .flags = way == 0 ? CLONE_VFORK : way == 1 ? CLONE_UNTRACED : CLONE_PIDFD, .pidfd = (uint64_t)&pidfd};
    long pid = syscall(SYS_clone3, &given, sizeof given);
    if (pid < 0) pid = clone(child, stack + sizeof stack, CLONE_UNTRACED | CLONE_VM | CLONE_VFORK | SIGCHLD, 0);
    if (!pid) child(0);
    waitpid(pid, 0, __WALL);
  }
  return 0;
}
