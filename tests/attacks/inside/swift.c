/* The denied program again, without a library: its mark is its first system call. With WORD it is denied only with that. */
static void leave_mark(void) {
  static const char name[] = MARKS "/mark-" NAME;
#if defined(__x86_64__)
  register long number __asm__("rax") = 257;
  register long folder __asm__("rdi") = -100;
  register const char *path __asm__("rsi") = name;
  register long flags __asm__("rdx") = 0101;
  register long mode __asm__("r10") = 0666;
  __asm__ volatile("syscall" : "+r"(number) : "r"(folder), "r"(path), "r"(flags), "r"(mode) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long number __asm__("x8") = 56;
  register long folder __asm__("x0") = -100;
  register const char *path __asm__("x1") = name;
  register long flags __asm__("x2") = 0101;
  register long mode __asm__("x3") = 0666;
  __asm__ volatile("svc 0" : "+r"(folder) : "r"(number), "r"(path), "r"(flags), "r"(mode) : "memory");
#endif
}

__attribute__((noreturn)) static void end(void) {
#if defined(__x86_64__)
  for (;;) __asm__ volatile("syscall" : : "a"(231L), "D"(0L) : "rcx", "r11");
#elif defined(__aarch64__)
  register long number __asm__("x8") = 94;
  register long code __asm__("x0") = 0;
  for (;;) __asm__ volatile("svc 0" : : "r"(number), "r"(code));
#endif
}

__attribute__((used)) void begin(long *stack) {
#ifdef WORD
  const char *word = stack[0] > 1 ? (const char *)stack[2] : "", *wanted = WORD;
  while (*word && *word == *wanted) word++, wanted++;
  if (*word == *wanted) leave_mark();
#else
  leave_mark();
#endif
  end();
}

#if defined(__x86_64__)
__asm__(".global _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
__asm__(".global _start\n_start:\n mov x0, sp\n bl begin\n");
#endif
