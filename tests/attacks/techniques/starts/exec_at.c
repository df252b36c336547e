/* execveat in all its forms: empty path, folder descriptor, no following of links, and flags above 32 bits. */
// aims: marks
// control: harms
#include "attack.h"

static void child(int folder, const char *path, long flags) {
  char *words[] = {"x", 0};
  if (!fork()) {
    syscall(SYS_execveat, folder, path, words, environ, flags);
    _exit(1);
  }
  wait(0);
}

int main(void) {
  const char *swift = target("SWIFT");
  char folder[4096];
  strcpy(folder, swift);
  *strrchr(folder, '/') = 0;
  int place = open(folder, O_PATH), file = open(swift, O_PATH), reading = open(swift, O_RDONLY | O_CLOEXEC);
  tried();
  child(AT_FDCWD, swift, 0), child(-1, swift, 0), child(place, "swift", 0), child(file, "", AT_EMPTY_PATH);
  child(reading, "", AT_EMPTY_PATH), child(place, "swift", AT_SYMLINK_NOFOLLOW), child(place, "./../tools/swift", 0);
  child(file, "", AT_EMPTY_PATH | 0x7000000000000000), child(place, "swift", 0x100000000);
  syscall(SYS_dup3, place, 77, 0), child(77 | 0x5500000000, "swift", 0);
  return 0;
}
