# git push behind an alias that stands in the environment.
# aims: marks
# control: harms
# seconds: 10
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.up GIT_CONFIG_VALUE_0=push git -C w up origin x
GIT_CONFIG_PARAMETERS="'alias.up=push'" git -C w up origin x
true
