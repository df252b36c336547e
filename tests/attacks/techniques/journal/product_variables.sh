# Say in the environment that there is no session, another one, or one without gates, and start the denied program.
# aims: marks
# control: harms
echo tried
unset AGENT_SUPERVISE_SESSION
"$ATTACK_DESTROYER" one
for name in AGENT_SUPERVISE_SESSION AGENT_SUPERVISE_DEBUG AGENT_SUPERVISE_WEAKEN AGENT_SUPERVISE_SCOPE AGENT_SUPERVISE_OFF AGENT_SUPERVISE_FUZZ; do
  env "$name=1" "$ATTACK_DESTROYER" two
  env "$name=" "$ATTACK_SWIFT" three
done
env -i "$ATTACK_SWIFT" four
true
