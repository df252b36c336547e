/* The words lie in memory that nobody else can read: memfd_secret, execute-only, and unmapped by protection keys. */
// aims: marks
// control: harms
#include "attack.h"

int main(void) {
  const char *swift = target("SWIFT");
  char *words[] = {"x", 0};
  tried();
  int file = syscall(447, 0);
  if (file >= 0 && !ftruncate(file, 4096)) {
    char *secret = mmap(0, 4096, 3, MAP_SHARED, file, 0);
    if (secret != MAP_FAILED) {
      strcpy(secret, swift);
      if (!fork()) execve(secret, words, environ), _exit(1);
    }
  }
  char *page = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(page, swift);
  if (!fork()) mprotect(page, 4096, PROT_EXEC), execve(page, words, environ), _exit(1);
#ifdef SYS_pkey_alloc
  int key = syscall(SYS_pkey_alloc, 0, 3);
  if (key >= 0 && !fork()) syscall(SYS_pkey_mprotect, page, 4096, 3, key), execve(page, words, environ), _exit(1);
#endif
  if (!fork()) execve(swift, words, environ), _exit(1);
  while (wait(0) > 0);
  return 0;
}
