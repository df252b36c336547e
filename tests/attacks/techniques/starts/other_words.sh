# The word that makes an allowed program the denied one, in every quoting that a shell has.
# aims: marks
# control: harms
echo tried
$ATTACK_CHOOSER destroy; "$ATTACK_CHOOSER" 'des''troy'; chooser d"e"stroy; x=destr; chooser ${x}oy; chooser $'\144estroy'
echo destroy | xargs "$ATTACK_CHOOSER"; sh -c 'chooser "$@"' x destroy; printf 'destroy' | xargs -0 chooser; cp "$ATTACK_CHOOSER" c; ./c destroy
python3 -c 'import os; os.execlp("chooser", "chooser", "destroy")'
