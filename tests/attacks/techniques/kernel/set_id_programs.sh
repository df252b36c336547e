# The system's set-user-id programs give another user's rights.
# aims: host
# control: none (outside they ask for a password, or are root already)
echo tried
for program in "su -c id" "sudo -n id" "pkexec id" "doas id" "newgrp root" "mount -t tmpfs x /mnt" "chsh -s /bin/sh" "gpasswd -a nobody root" "fusermount -u x" "passwd -d root" "unix_chkpwd root nullok" "newuidmap $$ 0 0 1"; do
  out=$(timeout 2 $program </dev/null 2>&1); echo "$program: $out" | head -2
  case "$out" in *uid=0*) echo "breach: $program";; esac
done
awk '/^Cap(Eff|Prm|Bnd|Amb|Inh)/ && $2 !~ /^0+$/ { print "breach: capabilities", $0 }' /proc/self/status
