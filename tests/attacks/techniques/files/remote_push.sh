# Push to the shared repository: by path, by URL, and from inside of it.
# aims: remote
# control: harms
echo tried
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b
git clone -q "$ATTACK_REMOTE" c && cd c && git commit -q --allow-empty -m attack
git push origin main; git push "file://$ATTACK_REMOTE" main:other; git push --force --mirror "$ATTACK_REMOTE"; git send-pack "$ATTACK_REMOTE" main
true
