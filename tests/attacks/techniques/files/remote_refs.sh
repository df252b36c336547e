# Change the shared repository's branches by its own commands and by hand.
# aims: remote
# control: harms
echo tried
cd "$ATTACK_REMOTE" || exit 0
git update-ref refs/heads/attack main; git branch -D main; git symbolic-ref HEAD refs/heads/x; git config core.hooksPath /tmp; git gc -q --prune=now
echo 0000000000000000000000000000000000000000 > refs/heads/evil; rm -f packed-refs; printf '#!/bin/sh\n' > hooks/update; chmod +x hooks/update
git worktree add -q "$ATTACK_FOLDER/w" main; true
