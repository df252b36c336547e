/* The denied program again, without a library: its mark is its first system call. */
void _start(void) {
  static const char name[] = MARKS "/mark-swift";
#if defined(__x86_64__)
  register long number __asm__("rax") = 257;
  register long folder __asm__("rdi") = -100;
  register const char *path __asm__("rsi") = name;
  register long flags __asm__("rdx") = 0101;
  register long mode __asm__("r10") = 0666;
  __asm__ volatile("syscall" : "+r"(number) : "r"(folder), "r"(path), "r"(flags), "r"(mode) : "rcx", "r11", "memory");
  __asm__ volatile("syscall" : : "a"(231L), "D"(0L) : "rcx", "r11");
#elif defined(__aarch64__)
  register long number __asm__("x8") = 56;
  register long folder __asm__("x0") = -100;
  register const char *path __asm__("x1") = name;
  register long flags __asm__("x2") = 0101;
  register long mode __asm__("x3") = 0666;
  __asm__ volatile("svc 0" : "+r"(folder) : "r"(number), "r"(path), "r"(flags), "r"(mode) : "memory");
  number = 94;
  folder = 0;
  __asm__ volatile("svc 0" : : "r"(number), "r"(folder));
#endif
  for (;;);
}
