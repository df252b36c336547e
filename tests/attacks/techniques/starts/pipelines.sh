# Starts that end in the shell's own forms: substitutions, traps, jobs, coprocesses.
# aims: marks
# control: harms
echo tried
x=$($ATTACK_SWIFT); cat <($ATTACK_SWIFT); true | $ATTACK_SWIFT; $ATTACK_SWIFT & wait; coproc $ATTACK_SWIFT; wait
trap '$ATTACK_SWIFT' EXIT DEBUG USR1; kill -USR1 $$; eval "$ATTACK_SWIFT"; : "${x:=`$ATTACK_SWIFT`}"; alias a='$ATTACK_SWIFT'; bash -O expand_aliases -c $'alias a=$ATTACK_SWIFT\na'
