/* A program that made itself unreadable asks for the start, so that nobody can read its words. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  char *words[] = {"chooser", "destroy", 0}, *other[] = {"x", 0};
  tried();
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (!fork()) execve(target("CHOOSER"), words, environ), _exit(1);
  if (!fork()) execve(target("SWIFT"), other, environ), _exit(1);
  while (wait(0) > 0);
  return 0;
}
