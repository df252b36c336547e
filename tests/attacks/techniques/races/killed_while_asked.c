/* Callers are killed at random while their start is decided, so that an answer might meet the next process's start. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

int main(void) {
  tried();
  for (int number = 0; more(number); number++) {
    int status, denied = 0, fine = fork();
    if (!fine) {
      char *words[] = {"fine", 0};
      execve(FINE, words, environ);
      _exit(99);
    }
    moment();
    kill(fine, SIGKILL);
    denied = fork();
    if (!denied) {
      char *words[] = {"swift", 0};
      execve(target("SWIFT"), words, environ);
      _exit(99);
    }
    waitpid(fine, &status, 0), waitpid(denied, &status, 0), ended(status);
  }
  report();
  return 0;
}
