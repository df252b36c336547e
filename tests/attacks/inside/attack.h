/* What C techniques share: where production lies, and words to the suite. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* Paths and numbers of production: target("DESTROYER") and so on, as in attack.py. */
static const char *target(const char *name) {
  char whole[64];
  snprintf(whole, sizeof whole, "ATTACK_%s", name);
  const char *value = getenv(whole);
  if (!value) { printf("cannot: no %s\n", whole); exit(77); }
  return value;
}

/* The step that matters comes now. */
static void tried(void) {
  if (write(1, "tried\n", 6) != 6) _exit(1);
}

/* What must not be possible was possible, although nothing of production shows it. */
static void breach(const char *what) {
  printf("breach: %s\n", what);
  fflush(stdout);
}

/* This host does not have what the attempt needs. */
static void cannot(const char *why) {
  printf("cannot: %s\n", why);
  exit(77);
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}
