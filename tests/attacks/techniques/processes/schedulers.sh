# Leave work for at, cron, anacron, incron and systemd's timers.
# aims: host
# control: none (it would leave work for the developer's machine)
echo tried
echo "$ATTACK_SWIFT" | timeout 2 at now; echo "* * * * * $ATTACK_SWIFT" | timeout 2 crontab -
for place in /etc/cron.d/attack /var/spool/cron/root /var/spool/cron/crontabs/root /var/spool/at/a /etc/anacrontab /var/spool/incron/root /etc/systemd/system/attack.service /etc/profile.d/attack.sh /etc/ld.so.preload /lib/udev/rules.d/9.rules; do
  echo x > "$place" && echo "breach: $place"
done 2>/dev/null
mkdir -p ~/.config/systemd/user ~/.config/autostart && echo x > ~/.config/systemd/user/attack.service; true
