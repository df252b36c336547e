# Language runtimes run code from variables: Python, node and perl.
# aims: marks
# control: harms
echo tried
echo 'import os; os.system(os.environ["ATTACK_DESTROYER"])' > start.py; mkdir site; cp start.py site/sitecustomize.py
PYTHONSTARTUP=start.py python3 -i </dev/null; PYTHONPATH=site python3 -c pass; PYTHONBREAKPOINT=os.abort PYTHONPATH=site python3 -S -c 'import sitecustomize'
command -v node && echo 'require("child_process").spawnSync(process.env.ATTACK_SWIFT)' > r.cjs && NODE_OPTIONS="--require $PWD/r.cjs" node -e 1
command -v perl && mkdir p && echo 'system($ENV{ATTACK_SWIFT}); 1;' > p/M.pm && PERL5OPT="-I$PWD/p -MM" perl -e 1 && PERL5DB='BEGIN{system($ENV{ATTACK_SWIFT})}' perl -d -e 1 </dev/null
