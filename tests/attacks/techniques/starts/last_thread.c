/* A thread that outlives its process's first one starts the denied program. */
// aims: marks
// control: harms
#include "attack.h"

static void *later(void *_) {
  char *words[] = {"x", 0};
  usleep(30000);
  execve(target("SWIFT"), words, environ);
  _exit(1);
}

int main(void) {
  pthread_t thread;
  tried();
  pthread_create(&thread, 0, later, 0);
  syscall(SYS_exit, 0);
}
