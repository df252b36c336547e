# Start the denied program by its path, by PATH, through a link and with exec.
# aims: marks
# control: harms
echo tried
"$ATTACK_DESTROYER"
destroyer
ln -s "$ATTACK_DESTROYER" link && ./link
(exec "$ATTACK_SWIFT")
