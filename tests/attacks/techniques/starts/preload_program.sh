# The denied program itself is preloaded into an allowed one, as if it were a library.
# aims: marks
# control: none (the loader refuses programs as libraries since glibc 2.30)
echo tried
LD_PRELOAD="$ATTACK_DESTROYER" /bin/true
LD_PRELOAD="$ATTACK_SWIFT" /bin/true
cp "$ATTACK_SWIFT" lib.so; LD_PRELOAD=$PWD/lib.so /bin/true; LD_AUDIT=$PWD/lib.so /bin/true
/lib64/ld-linux-x86-64.so.2 --preload "$ATTACK_DESTROYER" /bin/true
