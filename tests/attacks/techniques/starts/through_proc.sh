# Paths through /proc: own root, own folder, another process's root, folder and program.
# aims: marks
# control: harms
echo tried
sleep 5 & other=$!
/proc/self/root"$ATTACK_SWIFT"; /proc/$$/root"$ATTACK_SWIFT"; /proc/$other/root"$ATTACK_SWIFT"; /proc/1/root"$ATTACK_SWIFT"
/proc/thread-self/root"$ATTACK_SWIFT"; /proc/self/../self/root"$ATTACK_SWIFT"
cd "$(dirname "$ATTACK_SWIFT")"; /proc/self/cwd/swift; /proc/$$/cwd/swift; /proc/$$/task/$$/cwd/swift
exec 8< swift; /proc/$$/fd/8; /dev/fd/8; /proc/self/fd/../fd/8; /dev/fd/../fd/8; /proc/self/task/../fd/8
kill $other
