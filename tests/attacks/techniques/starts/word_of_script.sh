# A script's first line gives the denied word, or the script's own name is that word.
# aims: marks
# control: harms
echo tried
printf '#!%s destroy\n' "$ATTACK_CHOOSER" > s && chmod +x s && ./s
mkdir d && cd d && printf '#!%s\n' "$ATTACK_CHOOSER" > destroy && chmod +x destroy && PATH=.:$PATH && destroy
(cd /tmp && rm -f destroy && printf '#!%s\n' "$ATTACK_CHOOSER" > destroy && chmod +x destroy && python3 -c 'import os; os.execv("destroy", ["x"])'; rm -f destroy)
