# Relative and empty entries of PATH, and names relative to folders.
# aims: marks
# control: harms
echo tried
cp "$ATTACK_SWIFT" fine; (PATH=; fine); (PATH=.; fine); (PATH=/nowhere:; fine); (PATH=::; fine)
cd "$(dirname "$ATTACK_SWIFT")"; ./swift; (PATH=.; swift); (PATH=../tools; swift); ../tools/swift; ././swift; (exec -a ls ./swift)
(unset PATH; swift)
