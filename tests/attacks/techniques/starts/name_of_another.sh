# A copy that bears the name of a program that is allowed, first in PATH.
# aims: marks
# control: harms
echo tried
mkdir bin && cp "$ATTACK_DESTROYER" bin/true && cp "$ATTACK_SWIFT" bin/git
PATH="$PWD/bin:$PATH"
command true; /usr/bin/env true; git status
bin/true
