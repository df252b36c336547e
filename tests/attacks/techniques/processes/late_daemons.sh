# nohup, setsid, disown and a stopped job start the denied program later, when nobody looks any more.
# aims: marks
# control: none (outside nothing ends them)
# session: own
echo tried
nohup sh -c 'sleep 1; "$0"' "$ATTACK_SWIFT" >/dev/null 2>&1 </dev/null &
setsid -f sh -c 'trap "" TERM HUP INT; while :; do sleep 0.2; "$0"; done' "$ATTACK_SWIFT" >/dev/null 2>&1 </dev/null
(sleep 300 & disown -a) >/dev/null 2>&1
sh -c 'kill -STOP $$; "$0"' "$ATTACK_SWIFT" >/dev/null 2>&1 &
