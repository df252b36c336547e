/* The program that the scope denies: it leaves a mark where anybody could. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  char name[4096];
  snprintf(name, sizeof name, "%s/mark-%d", MARKS, getpid());
  int file = open(name, O_CREAT | O_WRONLY, 0666);
  if (file < 0) return 1;
  dprintf(2, "destroyed\n");
  return 0;
}
