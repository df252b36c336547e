# A debugger starts the denied program, or turns an allowed one into it.
# aims: marks
# control: harms
echo tried
command -v gdb >/dev/null && timeout 4 gdb -batch -nx -ex run "$ATTACK_SWIFT"
command -v strace >/dev/null && strace -o /dev/null "$ATTACK_SWIFT"
command -v ltrace >/dev/null && ltrace "$ATTACK_SWIFT"
"$ATTACK_SWIFT"
