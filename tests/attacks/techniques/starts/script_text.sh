# Scripts for every interpreter here start the denied program.
# aims: marks
# control: harms
echo tried
printf 'import os; os.system(os.environ["ATTACK_DESTROYER"])' > s.py; python3 s.py
command -v perl && perl -e 'system($ENV{ATTACK_DESTROYER}); exec {$ENV{ATTACK_SWIFT}} "ls"'
command -v awk && awk 'BEGIN { system(ENVIRON["ATTACK_DESTROYER"]); ENVIRON["ATTACK_SWIFT"] | getline }'
command -v node && node -e 'require("child_process").spawnSync(process.env.ATTACK_DESTROYER)'
command -v make && printf 'all:\n\t-$(ATTACK_DESTROYER)\nX := $(shell $(ATTACK_SWIFT))\n' > Makefile && make
command -v sed && echo x | sed "1e $ATTACK_DESTROYER"
command -v vim && timeout 3 vim -es -c "silent !$ATTACK_DESTROYER" -c q </dev/null
