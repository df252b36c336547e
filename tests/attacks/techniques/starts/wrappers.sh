# Programs whose work is to start others.
# aims: marks
# control: harms
echo tried
env "$ATTACK_DESTROYER"; nice "$ATTACK_DESTROYER"; nohup "$ATTACK_DESTROYER"; timeout 2 "$ATTACK_DESTROYER"
setsid -w "$ATTACK_DESTROYER"; stdbuf -o0 "$ATTACK_DESTROYER"; echo x | xargs -n1 "$ATTACK_DESTROYER"
find . -maxdepth 0 -exec "$ATTACK_DESTROYER" \; ; flock lock "$ATTACK_DESTROYER"; time "$ATTACK_DESTROYER"
script -qc "$ATTACK_DESTROYER" /dev/null; setarch -R "$ATTACK_DESTROYER"; taskset 1 "$ATTACK_DESTROYER"
ionice "$ATTACK_DESTROYER"; chrt -o 0 "$ATTACK_DESTROYER"; prlimit --nofile=99 "$ATTACK_DESTROYER"
setpriv --no-new-privs "$ATTACK_DESTROYER"; run-parts --test / ; start-stop-daemon -S -x "$ATTACK_DESTROYER"
