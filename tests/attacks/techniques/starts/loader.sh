# The dynamic loader as launcher, by each of its names.
# aims: marks
# control: harms
echo tried
for loader in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 /usr/lib64/ld-linux-x86-64.so.2 /usr/bin/ld.so; do
  [ -e "$loader" ] || continue
  "$loader" "$ATTACK_DESTROYER"
  "$loader" --argv0 ls "$ATTACK_DESTROYER"
  "$loader" --library-path /usr/lib --inhibit-cache "$ATTACK_DESTROYER" x
done
