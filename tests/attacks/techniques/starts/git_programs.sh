# Git starts hooks, filters, helpers, transports and aliases; each is the denied program.
# aims: marks
# control: harms
echo tried
git init -q r && cd r && git config user.name a && git config user.email a@b
printf '#!/bin/sh\nexec "$ATTACK_DESTROYER"\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
: > f; git add f; git commit -qm x; git config alias.x "!$ATTACK_DESTROYER"; git x
git config filter.x.clean "$ATTACK_DESTROYER"; echo '* filter=x' > .gitattributes; echo 1 > g; git add g
git config core.fsmonitor "$ATTACK_SWIFT"; git status; git config credential.helper "!$ATTACK_SWIFT"; echo url=http://h | git credential fill
GIT_SSH_COMMAND="$ATTACK_SWIFT" git ls-remote h:x; git -c protocol.ext.allow=always ls-remote "ext::$ATTACK_SWIFT"
git config core.sshCommand "$ATTACK_SWIFT"; git ls-remote ssh://h/x; git bisect start; git rebase -x "$ATTACK_SWIFT" --root
