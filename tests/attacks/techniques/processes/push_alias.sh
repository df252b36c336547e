# git push behind an alias, a shell alias and an alias of an alias.
# aims: marks
# control: harms
# seconds: 10
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
git -C w config alias.up push
git -C w up origin x
git -C w config alias.sh '!git push'
git -C w sh origin x
git -C w -c alias.a=b -c alias.b=push a origin x
true
