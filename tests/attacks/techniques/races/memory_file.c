/* Another process rewrites the path in the caller through /proc/PID/mem and process_vm_writev. */
// aims: marks
// control: harms (root)
// seconds: 10
#include "race.h"

static char path[4096];
static volatile int *caller;

static void start(void) {
  char *words[] = {"fine", 0};
  *caller = getpid();
  usleep(500);
  execve(path, words, environ);
}

int main(void) {
  caller = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(path, FINE);
  int writer = fork();
  if (!writer)
    for (int round = 0;; round++) {
      char name[64];
      const char *text = target(round % 2 ? "CHOOSER" : "SWIFT");
      struct iovec own = {(void *)text, strlen(text) + 1}, other = {path, strlen(text) + 1};
      snprintf(name, sizeof name, "/proc/%d/mem", *caller);
      int memory = open(name, O_RDWR);
      if (memory < 0 || pwrite(memory, text, strlen(text) + 1, (off_t)path) < 0)
        process_vm_writev(*caller, &own, 1, &other, 1, 0);
      close(memory), moment();
    }
  race(start, 0);
  kill(writer, SIGKILL);
  return 0;
}
