# git push with options before and between, and in other spellings.
# aims: marks
# control: harms
# seconds: 10
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
git -C w --no-pager -c a.b=c push origin x
git --git-dir=w/.git --work-tree=w push -q origin x
git -C w -p push origin x
(cd w
GIT_DIR=.git git push origin HEAD:refs/heads/x
git --exec-path=$(git --exec-path) push --all origin
git --literal-pathspecs push --mirror origin)
true
