# The copy's name is not text: control characters, spaces, newlines, other alphabets.
# aims: marks
# control: harms
echo tried
for name in $'a\nb' $'\e[2K' ' ' '-x' $'\xff\xfe' $'ls\u200b' '$(true)' '`true`' "a'b\"c" $'\u202elaer'; do
  cp -- "$ATTACK_SWIFT" "./$name" && "./$name"
done
