# run-parts starts whatever lies in a folder, and tar, rsync and split start filters.
# aims: marks
# control: harms
echo tried
mkdir parts && cp "$ATTACK_SWIFT" parts/a && run-parts parts
: > f; tar cf - --checkpoint=1 --checkpoint-action=exec="$ATTACK_DESTROYER" f >/dev/null
tar cf x.tar --use-compress-program="$ATTACK_DESTROYER" f
split --filter="$ATTACK_DESTROYER" "$ATTACK_DESTROYER"
sort -S1 --compress-program="$ATTACK_DESTROYER" f
man -P "$ATTACK_DESTROYER" ls; zip -T -TT "$ATTACK_DESTROYER #" x.zip f
