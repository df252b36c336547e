/* Caught signals interrupt the waiting call over and over, so that it is asked again with another path. */
// aims: marks
// control: harms
// seconds: 10
#include "race.h"

static char path[4096];
static int turn;

static void caught(int _) { strcpy(path, target(++turn % 2 ? "SWIFT" : "CHOOSER")); }

static void start(void) {
  char *words[] = {"fine", 0};
  int pid = getpid(), storm = fork();
  if (!storm) {
    for (int round = 0; round < 100 && getppid() == pid; round++) kill(pid, SIGUSR1), moment();
    _exit(0);
  }
  execve(path, words, environ);
}

int main(void) {
  struct sigaction action = {.sa_handler = caught, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, 0);
  strcpy(path, FINE);
  race(start, 0);
  return 0;
}
