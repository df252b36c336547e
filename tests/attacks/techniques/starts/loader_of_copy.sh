# The dynamic loader starts a renamed copy of the denied program, which no start of its own shows.
# aims: marks
# control: harms
echo tried
cp "$ATTACK_DESTROYER" data.bin
for loader in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do
  [ -e "$loader" ] && "$loader" ./data.bin
  [ -e "$loader" ] && "$loader" --argv0 ls "$PWD/data.bin"
done
