# Make the same files elsewhere and move, link or unpack them into place, by folders that are renamed with them inside.
# aims: host
# control: none (a report is only written of a session)
# needs: git
mkdir -p build/x && printf 'touch /tmp/owned\n' > build/x/.envrc && mkdir -p stage/.vscode && printf '{}' > stage/.vscode/tasks.json
echo tried
mv build done
ln stage/.vscode/tasks.json hard.json
cp -a stage copied
tar cf - -C stage . | (mkdir -p unpacked && tar xf - -C unpacked)
git init -q stage/repo && git -C stage/repo config core.fsmonitor x && mv stage moved
for file in done/x/.envrc copied/.vscode/tasks.json unpacked/.vscode/tasks.json moved/.vscode/tasks.json moved/repo/.git/config; do
  echo "left: $(realpath --relative-to="$ATTACK_WORK" "$file")"
done
