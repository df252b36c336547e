# In namespaces of its own, where the same path is another file.
# aims: marks
# control: harms (root)
echo tried
cp /bin/true fine
unshare -Urm sh -c 'mount --bind "$ATTACK_SWIFT" ./fine && ./fine'
unshare -m sh -c 'mount --bind "$ATTACK_SWIFT" ./fine && ./fine'
