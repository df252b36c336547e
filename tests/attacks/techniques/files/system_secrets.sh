# Read what only the system may: shadow files, private keys, others' homes.
# aims: host
# control: harms (root)
echo tried
for file in /etc/shadow /etc/gshadow /etc/sudoers /etc/ssh/ssh_host_*_key /root/.bashrc /root/.ssh/id_* /etc/ssl/private/* /var/lib/systemd/random-seed /proc/kcore /var/log/btmp /etc/security/opasswd; do
  [ -s "$file" ] && head -c 1 "$file" >/dev/null 2>&1 && echo "breach: $file"
done
true
