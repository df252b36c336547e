# The program comes out of base64 text in a pipe.
# aims: marks
# control: harms
echo tried
base64 "$ATTACK_SWIFT" > text
base64 -d text > out && chmod +x out && ./out
base64 -d text | install -m 755 /dev/stdin other && ./other
