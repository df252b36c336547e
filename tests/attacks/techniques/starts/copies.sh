# Copies under harmless names, in the workspace, in /tmp, in shared memory and in the home.
# aims: marks
# control: harms
echo tried
for place in . /tmp /dev/shm "$HOME" /var/tmp; do
  cp "$ATTACK_DESTROYER" "$place/ls-attack" 2>/dev/null && "$place/ls-attack"
  rm -f "$place/ls-attack"
done
