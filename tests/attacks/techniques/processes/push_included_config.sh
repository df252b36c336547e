# git push behind an alias in a file that is included or that is another user's.
# aims: marks
# control: harms
# seconds: 10
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
printf '[alias]\n\tup = push\n' > c
GIT_CONFIG_GLOBAL=$PWD/c git -C w up origin x
git -C w config include.path $PWD/c
git -C w up origin x
HOME=$PWD
cp c .gitconfig
git -C w up origin x
true
