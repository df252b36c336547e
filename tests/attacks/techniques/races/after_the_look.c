/* The new program's own argument is rewritten through /proc/PID/mem after it was compared and before it reads it. */
// aims: marks
// control: none (it needs the very moment between the start and the first instruction, which nothing holds outside)
// seconds: 10
#include "race.h"

static int child_of;

static void *rewrite(void *_) {
  while (!over) {
    int pid = child_of;
    if (!pid) continue;
    char name[64], line[8192];
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    int file = open(name, O_RDONLY);
    ssize_t got = file < 0 ? 0 : read(file, line, sizeof line - 1);
    close(file);
    if (got <= 0) continue;
    line[got] = 0;
    char *at = strrchr(line, ')');
    unsigned long start = 0;
    for (int field = 2; at && field < 48; field++) at = strchr(at + 1, ' ');
    if (at) start = strtoul(at, 0, 10);
    snprintf(name, sizeof name, "/proc/%d/mem", pid);
    int memory = open(name, O_RDWR);
    if (memory < 0) continue;
    if (start && pwrite(memory, "destroy", 8, start + 8) != 8) moment();
    close(memory);
  }
  return 0;
}

int main(void) {
  thread_of(rewrite);
  tried();
  for (int number = 0; more(number); number++) {
    int status, child = fork();
    if (!child) {
      char *words[] = {"chooser", "harmles", 0};
      execve(target("CHOOSER"), words, environ);
      _exit(99);
    }
    child_of = child;
    waitpid(child, &status, 0);
    ended(status);
    child_of = 0;
  }
  report();
  return 0;
}
