# git push by its program in git's own folder, and by a folder of ours in its place.
# aims: marks
# control: harms
# seconds: 10
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
e=$(git --exec-path)
$e/git -C w push origin x
(cd w && $e/git-push origin x
ln -s $e/git ../git-push
../git-push origin x)
mkdir ours
ln -s $(command -v git) ours/git-up
printf '#!/bin/sh\nexec git push "$@"\n' > ours/git-go
chmod +x ours/git-go
GIT_EXEC_PATH=$PWD/ours git -C w go origin x
PATH=$PWD/ours:$PATH git -C w go origin x
true
