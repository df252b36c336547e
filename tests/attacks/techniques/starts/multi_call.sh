# A program of many names: the denied one under the names that a multi-call program would have.
# aims: marks
# control: harms
echo tried
for name in busybox toybox sh ls coreutils; do cp "$ATTACK_SWIFT" $name; ./$name; ./$name "$ATTACK_SWIFT"; done
ln -s "$ATTACK_SWIFT" '['; ./'[' x ']'
