/* clone and clone3 with the flags of namespaces, in the low and in the high half of the word. */
// aims: host
// control: harms (root)
#include "attack.h"

struct arguments { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };

int main(void) {
  long flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, CLONE_NEWUSER | 1L << 32};
  tried();
  for (unsigned at = 0; at < sizeof flags / sizeof *flags; at++) {
    long pid = syscall(SYS_clone, flags[at] | SIGCHLD, 0, 0, 0, 0);
    if (!pid) _exit(0);
    if (pid > 0) breach("clone"), waitpid(pid, 0, 0);
    struct arguments given = {.flags = flags[at], .exit_signal = SIGCHLD};
    pid = syscall(SYS_clone3, &given, sizeof given);
    if (!pid) _exit(0);
    if (pid > 0) breach("clone3"), waitpid(pid, 0, 0);
    printf("%s\n", strerror(errno));
  }
  return 0;
}
