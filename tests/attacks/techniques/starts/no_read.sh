# A copy that cannot be read, only started, hides what it is.
# aims: marks
# control: harms
echo tried
cp "$ATTACK_SWIFT" hidden && chmod 111 hidden && ./hidden
mkdir dark && cp "$ATTACK_SWIFT" dark/in && chmod 111 dark && dark/in; chmod 755 dark
