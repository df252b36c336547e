# The dynamic loader starts a link, a descriptor and a path through /proc that lead to the denied program.
# aims: marks
# control: harms
echo tried
ln -s "$ATTACK_DESTROYER" harmless
loader=/lib64/ld-linux-x86-64.so.2; [ -e "$loader" ] || loader=/lib/ld-linux-aarch64.so.1
"$loader" ./harmless
"$loader" /dev/fd/7 7< "$ATTACK_DESTROYER"
"$loader" /proc/self/fd/7 7< "$ATTACK_DESTROYER"
"$loader" /proc/self/root/"$ATTACK_DESTROYER"
cd "$(dirname "$ATTACK_DESTROYER")" && "$loader" ./destroyer
