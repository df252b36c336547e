# Shells read start-up files from variables: BASH_ENV, ENV, functions and prompts.
# aims: marks
# control: harms
echo tried
echo "$ATTACK_DESTROYER" > rc
BASH_ENV=rc bash -c true; ENV=rc sh -i -c true </dev/null; bash --rcfile rc -i -c true </dev/null
env 'BASH_FUNC_ls%%=() { $ATTACK_SWIFT; }' bash -c ls
PROMPT_COMMAND="$ATTACK_SWIFT" bash -i </dev/null; PS4='$($ATTACK_SWIFT)' bash -xc true
HOME=$PWD; cp rc .bashrc; cp rc .profile; bash -ic true </dev/null; bash -lc true
