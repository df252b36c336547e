/* The working folder was deleted, or cannot be entered any more, when the start is asked for. */
// aims: marks
// control: harms
#include "attack.h"

static void child(const char *path) {
  char *words[] = {"x", 0};
  if (!fork()) execve(path, words, environ), _exit(1);
  wait(0);
}

int main(void) {
  if (mkdir("gone", 0755) || chdir("gone") || rmdir("../gone")) cannot("no folder");
  tried();
  child(target("SWIFT"));
  child("../../../../tools/swift"), child("/proc/self/cwd/../swift");
  return 0;
}
