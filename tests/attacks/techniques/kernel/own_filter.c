/* Filters of our own that allow, log, trap or fake the result of program starts, on top of the cell's. */
// aims: marks
// control: harms
#include "attack.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

int main(void) {
  unsigned actions[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ERRNO, SECCOMP_RET_TRAP};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  tried();
  for (unsigned at = 0; at < sizeof actions / sizeof *actions; at++)
    if (!fork()) {
      struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_execve}, {BPF_RET | BPF_K, 0, 0, actions[at]}, {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
      struct sock_fprog program = {4, code};
      char *words[] = {"x", 0};
      syscall(SYS_seccomp, 1, 0, &program);
      execve(target("SWIFT"), words, environ);
      _exit(1);
    }
  while (wait(0) > 0);
  return 0;
}
