# A program that is a terabyte of holes keeps the gate reading, so that it is given up.
# aims: marks
# control: none (it is about who looks at a program before it starts)
head -c 64 /bin/true > big; truncate -s 1T big || truncate -s 3G big; chmod +x big
echo tried
timeout 2 ./big; "$ATTACK_SWIFT"; cp "$ATTACK_SWIFT" copy; ./copy
/bin/true || echo "breach: other programs do not start any more"
