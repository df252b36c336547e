# A hard link to the denied program under another name.
# aims: marks
# control: harms
echo tried
ln "$ATTACK_DESTROYER" here 2>/dev/null && ./here
cp "$ATTACK_DESTROYER" /tmp/attack-one && ln /tmp/attack-one /tmp/attack-two && /tmp/attack-two
rm -f /tmp/attack-one /tmp/attack-two
