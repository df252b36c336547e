# Write to every terminal that there is.
# aims: host
# control: none (it would write on the developer's screens)
echo tried
for place in /dev/tty /dev/tty0 /dev/tty1 /dev/console /dev/pts/[0-9]* /dev/vcs /dev/ttyS0; do
  [ -e "$place" ] && echo "seen $place" && (echo attack > "$place") 2>/dev/null && case "$place" in /dev/tty) ;; *) echo "breach: $place" ;; esac
done
command -v wall && timeout 2 wall attack; command -v write && echo x | timeout 2 write root; mesg n; true
