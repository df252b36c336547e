# Fill the journal with thousands of denials and starts as fast as can be, and start the denied program when it is busy.
# aims: marks
# control: harms
# seconds: 40
echo tried
for round in 1 2 3 4 5 6 7 8; do
  (for n in $(seq 40); do "$ATTACK_SWIFT" "$n"; /bin/true; done) > /dev/null 2>&1 &
done
wait
"$ATTACK_DESTROYER" last
true
