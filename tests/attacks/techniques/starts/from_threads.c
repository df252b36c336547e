/* vfork, clone and posix_spawn from several threads at once, sharing memory. */
// aims: marks
// control: harms
#include "attack.h"

static void *starts(void *way) {
  char *words[] = {"x", 0};
  int pid = 0, status;
  for (int round = 0; round < 5; round++) {
    if (!way) posix_spawn(&pid, target("SWIFT"), 0, 0, words, environ);
    else if (!(pid = vfork())) execve(target("SWIFT"), words, environ), _exit(1);
    if (pid > 0) waitpid(pid, &status, 0);
  }
  return 0;
}

int main(void) {
  pthread_t threads[6];
  tried();
  for (long at = 0; at < 6; at++) pthread_create(&threads[at], 0, starts, (void *)(at % 2));
  for (int at = 0; at < 6; at++) pthread_join(threads[at], 0);
  return 0;
}
