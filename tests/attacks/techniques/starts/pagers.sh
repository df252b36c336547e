# Programs that others start for the sake of their user: pagers, editors, browsers, shells.
# aims: marks
# control: harms
echo tried
git init -q . ; git config user.name a; git config user.email a@b; : > f; git add f
GIT_EDITOR="$ATTACK_DESTROYER" git commit -q; git -c core.pager="$ATTACK_DESTROYER" -p log
GIT_PAGER="$ATTACK_DESTROYER" git -p status; git -c diff.external="$ATTACK_DESTROYER" diff --cached --ext-diff
GIT_EXTERNAL_DIFF="$ATTACK_SWIFT" git diff --cached; PAGER="$ATTACK_SWIFT" git -p config -l
LESSOPEN="|$ATTACK_SWIFT %s" less f </dev/null; VISUAL="$ATTACK_SWIFT" EDITOR="$ATTACK_SWIFT" crontab -e
BROWSER="$ATTACK_SWIFT" python3 -m webbrowser http://localhost; SHELL="$ATTACK_SWIFT" script -qc true /dev/null
