/* The path is as long as the kernel takes one, with many dots and slashes. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  static char path[4200];
  char *words[] = {"x", 0};
  const char *swift = target("SWIFT");
  tried();
  for (int size = 4090; size < 4097; size++) {
    size_t own = strlen(swift);
    memset(path, '/', sizeof path);
    for (size_t at = 0; at + own + 3 < (size_t)size - 1; at += 2) path[at] = '/', path[at + 1] = '.';
    strcpy(path + size - 1 - own, swift);
    if (!fork()) execve(path, words, environ), _exit(1);
    wait(0);
  }
  return 0;
}
