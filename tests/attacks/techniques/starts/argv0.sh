# The first word is that of an allowed program, or empty, or a login shell's.
# aims: marks
# control: harms
echo tried
(exec -a /usr/bin/true "$ATTACK_SWIFT"); (exec -a '' "$ATTACK_SWIFT"); (exec -l "$ATTACK_SWIFT"); (exec -a -bash "$ATTACK_SWIFT")
python3 -c 'import os; os.execv(os.environ["ATTACK_SWIFT"], ["git", "status"])'
