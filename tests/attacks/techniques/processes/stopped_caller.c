/* The caller is stopped and continued over and over while its start waits for an answer. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  char *words[] = {"x", 0};
  tried();
  for (int round = 0; round < 20; round++) {
    pid_t child = fork();
    if (!child) execve(target("SWIFT"), words, environ), _exit(1);
    for (int turn = 0; turn < 20; turn++) kill(child, SIGSTOP), kill(child, SIGCONT);
    kill(child, SIGCONT);
    waitpid(child, 0, 0);
  }
  return 0;
}
