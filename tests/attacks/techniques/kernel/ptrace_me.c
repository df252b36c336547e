/* A child asks to be traced (PTRACE_TRACEME) and is made to start the denied program by its tracer. */
// aims: marks
// control: harms
#include "attack.h"

#include <sys/ptrace.h>

int main(void) {
  pid_t child = fork();
  if (!child) {
    char *words[] = {"chooser", "harmles", 0};
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execve(target("CHOOSER"), words, environ);
    _exit(1);
  }
  int status;
  tried();
  waitpid(child, &status, WUNTRACED);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC);
  if (ptrace(PTRACE_CONT, child, 0, 0)) kill(child, SIGCONT);
  waitpid(child, &status, WUNTRACED);
  /* At the exec-stop of the new program: its stack begins with the count, then the words. */
  struct { unsigned long long at[64]; } registers = {0};
  struct iovec vector = {&registers, sizeof registers};
  if (!ptrace(PTRACE_GETREGSET, child, 1, &vector)) {
#ifdef __x86_64__
    unsigned long stack = registers.at[19];
#else
    unsigned long stack = registers.at[31];
#endif
    unsigned long word = ptrace(PTRACE_PEEKDATA, child, stack + 16, 0);
    unsigned long text;
    memcpy(&text, "destroy", 8);
    ptrace(PTRACE_POKEDATA, child, word, text);
  }
  ptrace(PTRACE_DETACH, child, 0, 0);
  waitpid(child, &status, 0);
  return 0;
}
