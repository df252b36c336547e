/* A filter of our own with a listener would answer program starts itself, as the newest filter. */
// aims: host
// control: harms
#include "attack.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

int main(void) {
  struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_execve}, {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF}, {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  struct sock_fprog program = {4, code};
  long flags[] = {8, 8 | 32, 8 | 1 | 16, 8 | 1L << 32, 8 | 4};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  tried();
  for (unsigned at = 0; at < sizeof flags / sizeof *flags; at++)
    if (!fork()) {
      long listener = syscall(SYS_seccomp, 1, flags[at], &program);
      if (listener > 0) breach("a listener");
      printf("%ld %s\n", listener, strerror(errno));
      fflush(stdout);
      _exit(0);
    }
  while (wait(0) > 0);
  return 0;
}
