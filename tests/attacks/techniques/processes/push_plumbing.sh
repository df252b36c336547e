# What git push is made of, by itself: send-pack, and a pack that is fed to receive-pack by hand.
# aims: marks
# control: harms
# seconds: 10
git init -q -b x w && git init -q --bare r.git
printf '#!/bin/sh\ntouch "$ATTACK_MARKS/pushed"\n' > r.git/hooks/post-receive && chmod +x r.git/hooks/post-receive
git -C w -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; git -C w remote add origin "$PWD/r.git"
echo tried
git -C w send-pack "$PWD/r.git" x
(cd w && $(git --exec-path)/git-send-pack ../r.git x:y)
true
