# A copy of the dynamic loader under another name starts the denied program and a copy of it.
# aims: marks
# control: harms
echo tried
loader=/lib64/ld-linux-x86-64.so.2; [ -e "$loader" ] || loader=/lib/ld-linux-aarch64.so.1
cp "$loader" start && cp "$ATTACK_DESTROYER" data
./start "$ATTACK_DESTROYER"
./start ./data
ln -s "$loader" other && ./other ./data
