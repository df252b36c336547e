# Scripts whose first line names the denied program, with words, blanks, a link and a chain of interpreters.
# aims: marks
# control: harms
echo tried
link="$PWD/l"; ln -s "$ATTACK_SWIFT" "$link"
printf '#!%s\n' "$ATTACK_SWIFT" > a; printf '#! \t%s  -x y\n' "$ATTACK_SWIFT" > b; printf '#!%s\n' "$link" > c
printf '#!%s\n' "$PWD/a" > d; printf '#!%s\n' "$PWD/d" > e; printf '#!/usr/bin/env -S %s\n' "$ATTACK_SWIFT" > f
printf '#!/usr/bin/env swift\n' > g; printf '#!./l\n' > h; printf '#!%s' "$ATTACK_SWIFT" > i
chmod +x ?; for script in a b c d e f g h i; do ./$script; done
