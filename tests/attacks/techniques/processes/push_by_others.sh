# git push that other commands of git start: rebase, bisect, submodules, subtree and hooks.
# aims: marks
# control: harms
# seconds: 10
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
cd w
for count in 1 2 3; do echo $count > f; git add f; git commit -qm $count; done
git rebase -q -x 'git push origin x' HEAD~2
git bisect start HEAD HEAD~3; git bisect run git push origin x; git bisect reset
git submodule foreach git push origin x; git subtree push --prefix=d origin x
printf '#!/bin/sh\ngit push origin x\n' > .git/hooks/post-commit; chmod +x .git/hooks/post-commit; git commit -q --allow-empty -m y
true
