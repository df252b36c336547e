# Leave a folder that git takes for a repository whose settings are elsewhere: a .git file, commondir, a bare one, a worktree.
# aims: host
# control: none (a report is only written of a session)
# needs: git
git init -q real && mkdir -p linked bare && cd . || exit 1
echo tried
printf 'gitdir: ../real/.git\n' > linked/.git
printf '../../real/.git\n' > real/.git/commondir
git init -q --bare bare/inner && git -C bare/inner config core.fsmonitor 'touch /tmp/owned'
for file in linked/.git real/.git/commondir bare/inner/config; do
  echo "left: $(realpath --relative-to="$ATTACK_WORK" "$file")"
done
