"""The argument grammars of well-known programs, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from supervisor.parse.grammar import Grammar, Options

# Only what is certain stands here: an option that is wrongly said to take a value would hide the word behind it, one
# that is missing merely makes the answer MAYBE.


def options(values: str = "", flags: str = "", same: str = "") -> Options:
    return Options(frozenset(values.split()), frozenset(flags.split()), _pairs(same))


def _pairs(text: str) -> Mapping[str, str]:
    """`short=long` pairs, or `a|b|c=name`."""
    table = {}
    for pair in text.split():
        names, _, name = pair.rpartition("=")
        table.update(dict.fromkeys(names.split("|"), name))
    return MappingProxyType(table)


_TERRAFORM = Grammar(
    style="go",
    everywhere=options(
        """-var -var-file -target -target-file -exclude -exclude-file -replace -state -state-out -backup -lock-timeout
        -parallelism -out -backend-config -plugin-dir -from-module -generate-config-out -test-directory -filter""",
        """-auto-approve -destroy -refresh-only -json -no-color -compact-warnings -help -version -h -v -force
        -reconfigure -migrate-state -force-copy -upgrade -get -detailed-exitcode -concise -raw -recursive -check
        -diff -list -write""",
    ),
)

_GIT_COMMANDS = frozenset(
    """add am annotate apply archive backfill bisect blame branch bugreport bundle cat-file check-attr check-ignore
    check-mailmap check-ref-format checkout checkout-index cherry cherry-pick clean clone column commit commit-graph
    commit-tree config count-objects credential credential-cache credential-store describe diagnose diff diff-files
    diff-index diff-pairs diff-tree difftool fast-export fast-import fetch fetch-pack filter-branch fmt-merge-msg
    for-each-ref for-each-repo format-patch fsck fsck-objects fsmonitor--daemon gc get-tar-commit-id grep
    hash-object help history hook http-fetch http-push imap-send index-pack init init-db instaweb interpret-trailers
    last-modified log ls-files ls-remote ls-tree mailinfo mailsplit maintenance merge merge-base merge-file
    merge-index merge-ours merge-recursive merge-recursive-ours merge-recursive-theirs merge-subtree merge-tree
    mergetool mktag mktree multi-pack-index mv name-rev notes pack-objects pack-redundant pack-refs patch-id prune
    prune-packed pull push quiltimport range-diff read-tree rebase receive-pack reflog refs remote repack replace
    replay repo request-pull rerere reset restore rev-list rev-parse revert rm send-email send-pack shell shortlog
    show show-branch show-index show-ref sparse-checkout stage stash status stripspace submodule switch symbolic-ref
    tag unpack-file unpack-objects update-index update-ref update-server-info upload-archive upload-pack var
    verify-commit verify-pack verify-tag version whatchanged worktree write-tree""".split()
)
_GIT = Grammar(
    strict=True,
    known_words=_GIT_COMMANDS,
    everywhere=options(
        "-C -c --git-dir --work-tree --namespace --config-env --attr-source --super-prefix",
        """-p --paginate -P --no-pager --bare --no-replace-objects --no-lazy-fetch --no-optional-locks --no-advice
        --literal-pathspecs --glob-pathspecs --noglob-pathspecs --icase-pathspecs --exec-path -v --version -h --help
        --html-path --man-path --info-path""",
    ),
    behind=MappingProxyType(
        {
            "push": options(
                "-o --push-option --receive-pack --exec --repo",
                """-f --force -u --set-upstream -q --quiet -v --verbose -n --dry-run --all --branches --mirror --tags
                -d --delete --porcelain --progress --no-progress --prune --follow-tags --no-follow-tags --atomic
                --no-atomic --thin --no-thin --no-verify --verify --force-with-lease --force-if-includes
                --no-force-if-includes --no-force-with-lease --signed --no-signed --ipv4 -4 --ipv6 -6
                --no-recurse-submodules""",
                same="-f=--force -d=--delete -u=--set-upstream -o=--push-option -n=--dry-run",
            ),
            "commit": options(
                """-m --message -F --file -C --reuse-message -c --reedit-message --author --date -t --template --fixup
                --squash --cleanup --trailer --pathspec-from-file""",
                """-a --all -p --patch -v --verbose -q --quiet -s --signoff -n --no-verify --amend --no-edit
                --allow-empty --allow-empty-message -e --edit --dry-run --reset-author -i --include -o --only
                --no-gpg-sign""",
                same="-m=--message -a=--all -n=--no-verify -F=--file",
            ),
            "reset": options("--pathspec-from-file", "--hard --soft --mixed --merge --keep -q --quiet -p --patch -N"),
            "clean": options(
                "-e --exclude",
                "-f --force -d -x -X -n --dry-run -q --quiet -i --interactive",
                same="-f=--force -n=--dry-run -e=--exclude",
            ),
            "branch": options(
                "-u --set-upstream-to --contains --no-contains --points-at --format --sort",
                """-d --delete -D -m --move -M -c --copy -C -f --force -a --all -r --remotes -l --list -v -vv --verbose
                -q --quiet --show-current --unset-upstream""",
                same="-d=--delete -f=--force -m=--move -c=--copy",
            ),
            "checkout": options(
                "-b -B --orphan --conflict",
                "-f --force -q --quiet --detach -d --ours --theirs -p -m",
                same="-f=--force -d=--detach",
            ),
            "remote": options("", "-v --verbose"),
            "stash": options(
                "-m --message",
                "-u --include-untracked -a --all -k --keep-index -q --quiet -p --patch",
                same="-u=--include-untracked -a=--all",
            ),
            "tag": options(
                "-m --message -F --file -u --local-user",
                "-a --annotate -s --sign -d --delete -f --force -l",
                same="-d=--delete -f=--force -a=--annotate",
            ),
            "config": options(
                "-f --file --blob --type --default --comment",
                """--global --system --local --worktree --add --unset --unset-all --replace-all --get --get-all -l
                --list --bool --int --path -z --null --show-origin --show-scope -e --edit""",
            ),
        }
    ),
)

_AWS = Grammar(
    everywhere=options(
        """--endpoint-url --output --query --profile --region --color --ca-bundle --cli-read-timeout
        --cli-connect-timeout --cli-binary-format --cli-error-format""",
        """--debug --no-verify-ssl --no-paginate --no-sign-request --no-cli-pager --cli-auto-prompt
        --no-cli-auto-prompt --version --recursive --dryrun --force --quiet --delete""",
    )
)

_KUBECTL = Grammar(
    everywhere=options(
        """-n --namespace --context --cluster --user --kubeconfig -s --server --token --as --as-group --as-uid
        --as-user-extra --certificate-authority --client-certificate --client-key --cache-dir --request-timeout
        --tls-server-name -v --v --vmodule --log-flush-frequency --password --username --profile --profile-output
        --kuberc -f --filename -k --kustomize -l --selector -o --output --field-selector --grace-period --timeout -c
        --container --field-manager --template --cascade-timeout""",
        """--insecure-skip-tls-verify --disable-compression --match-server-version --warnings-as-errors -A
        --all-namespaces --all --force --now --wait -i --stdin -t --tty -w --watch -R --recursive -h --help
        --ignore-not-found""",
        same="-n=--namespace -f=--filename -k=--kustomize -l=--selector -o=--output -A=--all-namespaces",
    ),
    same_words=_pairs(
        """pods|po=pod deployments|deploy=deployment services|svc=service namespaces|ns=namespace nodes|no=node
        configmaps|cm=configmap secrets=secret statefulsets|sts=statefulset daemonsets|ds=daemonset jobs=job
        cronjobs|cj=cronjob ingresses|ing=ingress persistentvolumes|pv=persistentvolume
        persistentvolumeclaims|pvc=persistentvolumeclaim replicasets|rs=replicaset serviceaccounts|sa=serviceaccount
        customresourcedefinitions|crd|crds=customresourcedefinition"""
    ),
    same_at=frozenset({1}),
    kinds=True,
)

_DOCKER = Grammar(
    everywhere=options(
        "-c --context -H --host -l --log-level --config --tlscacert --tlscert --tlskey",
        "-D --debug --tls --tlsverify --help",
        same="-v=--volume -e=--env -d=--detach -f=--force",
    ),
    behind=MappingProxyType(
        {
            "run": options(
                """-v --volume -e --env --env-file -p --publish --name -w --workdir -u --user --network --net
                --entrypoint --mount -h --hostname -m --memory --cpus --cap-add --cap-drop --device --label -l
                --platform --pull --restart --security-opt --shm-size --tmpfs --ulimit --userns --volumes-from
                --add-host --dns --pid --ipc""",
                """-d --detach -i --interactive -t --tty --rm --privileged --init --read-only -P --publish-all
                --no-healthcheck -q --quiet""",
            ),
            "rm": options("", "-f --force -v --volumes -l --link"),
            "rmi": options("--platform", "-f --force --no-prune"),
            "exec": options(
                "-e --env --env-file -w --workdir -u --user --detach-keys",
                "-d --detach -i --interactive -t --tty --privileged",
            ),
            "build": options(
                "-t --tag -f --file --build-arg --target --platform --secret --label", "-q --quiet --no-cache"
            ),
            "compose": options(
                """-f --file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress""",
                "--all-resources --compatibility --dry-run",
            ),
        }
    ),
    same_words=_pairs("remove=rm"),
    same_at=frozenset({0, 1}),
)

_NPM = Grammar(
    everywhere=options(
        """--prefix --registry --userconfig --globalconfig --cache -w --workspace --loglevel --tag --otp --access
        --script-shell --omit --include --install-strategy --node-options -C""",
        """-g --global -f --force -s --silent -d -q --quiet -D --save-dev -S --save -E --save-exact -O --save-optional
        -y --yes --ignore-scripts --no-audit --no-fund --dry-run --json --legacy-peer-deps --no-save --if-present
        --workspaces -ws --verbose --production --offline --prefer-offline --include-workspace-root""",
        same="-g=--global -f=--force -D=--save-dev",
    ),
    abbreviates=True,
    same_words=_pairs(
        """i|in|ins|inst|insta|instal|isnt|isnta|isntal|isntall|add=install un|unlink|remove|rm|r=uninstall
        run-script|rum|urn=run clean-install|ic|install-clean|isntall-clean=ci x=exec t|tst=test
        up|upgrade|udpate=update cit|clean-install-test|sit=install-ci-test it=install-test create|innit=init
        ls|la|ll=list adduser|add-user=login author=owner c=config find|s|se=search hlep=help info|show|v=view
        ln=link rb=rebuild why=explain dist-tags=dist-tag ddp=dedupe"""
    ),
)

_PIP = Grammar(
    everywhere=options(
        """--log --proxy --retries --timeout --exists-action --trusted-host --cert --client-cert --cache-dir --python
        --keyring-provider --use-feature --use-deprecated -r --requirement -c --constraint -e --editable -i
        --index-url --extra-index-url -f --find-links -t --target --prefix --root --src -d --dest -w --wheel-dir
        --platform --python-version --implementation --abi --report""",
        """-h --help --debug --isolated --require-virtualenv -v --verbose -V --version -q --quiet --no-input
        --no-cache-dir --disable-pip-version-check --no-color -U --upgrade --user -y --yes --pre --no-deps
        --no-index --force-reinstall --break-system-packages --no-build-isolation --dry-run""",
    )
)

_MAKE = Grammar(
    everywhere=options(
        """-C --directory -f --file --makefile -I --include-dir -o --old-file --assume-old -W --what-if --new-file
        --assume-new -E --eval""",
        """-B --always-make -e --environment-overrides -i --ignore-errors -k --keep-going -n --just-print --dry-run
        --recon -p --print-data-base -q --question -r --no-builtin-rules -R --no-builtin-variables -s --silent
        --quiet -S -t --touch -v --version -w --print-directory --no-print-directory -L --check-symlink-times
        --trace -d -h --help""",
    ),
    any_order=True,
    numbers=frozenset({"-j", "--jobs", "-l", "--load-average", "--max-load"}),
)

_GCLOUD = Grammar(
    everywhere=options(
        """--account --billing-project --configuration --flags-file --flatten --format --impersonate-service-account
        --project --trace-token --verbosity --access-token-file --zone --region""",
        "--help --quiet -q --log-http --user-output-enabled --no-user-output-enabled",
        same="-q=--quiet",
    ),
)
_AZ = Grammar(
    everywhere=options(
        "--query --output -o --subscription -g --resource-group -n --name -l --location",
        "--debug --help -h --only-show-errors --verbose -y --yes --no-wait",
        same="-y=--yes -g=--resource-group -n=--name -o=--output",
    ),
)
_HELM = Grammar(
    everywhere=options(
        """-n --namespace --kube-context --kubeconfig --kube-apiserver --kube-as-group --kube-as-user --kube-ca-file
        --kube-token --kube-tls-server-name --registry-config --repository-cache --repository-config --burst-limit
        --qps -f --values --set --set-string --set-file --set-json --version --timeout -o --output --repo""",
        """--debug -h --help --kube-insecure-skip-tls-verify --atomic --wait --force --dry-run -i --install
        --keep-history --create-namespace --no-hooks""",
    ),
    same_words=_pairs("delete|del|un=uninstall fetch=pull inspect=show ls=list hist=history"),
)
_SYSTEMCTL = Grammar(
    everywhere=options(
        """-t --type --state -p --property -P -H --host -M --machine -s --signal --kill-whom --what -n --lines -o
        --output --job-mode --root --image --preset-mode --when --check-inhibitors --kill-value""",
        """--user --system --global -a --all -l --full -r --recursive --now -f --force --no-block --no-pager --no-wall
        --no-legend --no-ask-password --no-reload -q --quiet --runtime --plain --failed -i --wait --help -h
        --version""",
        same="-f=--force",
    ),
)
_CARGO = Grammar(
    everywhere=options(
        """--color -C --config -Z --explain --manifest-path --target --target-dir --features -F -j --jobs
        --profile --registry --index --token""",
        """-v --verbose -vv -q --quiet --frozen --locked --offline --release -r --all-features --no-default-features
        --workspace --all --all-targets --lib --bins --tests -V --version -h --help --list""",
    ),
    same_words=_pairs("b=build c=check t=test r=run d=doc rm=remove"),
)
_RM = Grammar(
    everywhere=options(
        "",
        """-f --force -i -I --interactive -r -R --recursive -d --dir -v --verbose --one-file-system --preserve-root
        --no-preserve-root --help --version""",
        same="-R|-r=--recursive -f=--force",
    ),
)
_PYTHON = Grammar(
    everywhere=options(
        "-c -m -W -X --check-hash-based-pycs",
        "-b -B -d -E -h -i -I -O -OO -P -q -s -S -t -u -v -V -x -? --help --version -VV",
    )
)
_GH = Grammar(everywhere=options("-R --repo --hostname -b --body -t --title", "--help --version --web -w --yes"))
_IP = Grammar(
    abbreviates=True,
    everywhere=options("-n -netns -f -family -b -batch -l -loops -rc -rcvbuf", "-4 -6 -s -d -o -j -p -br -c"),
)
_TASKS = Grammar(any_order=True)
_ABBREVIATING = Grammar(abbreviates=True)

GRAMMARS: Mapping[str, Grammar] = MappingProxyType(
    {
        "terraform": _TERRAFORM,
        "git": _GIT,
        "aws": _AWS,
        "kubectl": _KUBECTL,
        "oc": _KUBECTL,
        "docker": _DOCKER,
        "podman": _DOCKER,
        "npm": _NPM,
        "pip": _PIP,
        "make": _MAKE,
        "gcloud": _GCLOUD,
        "az": _AZ,
        "helm": _HELM,
        "systemctl": _SYSTEMCTL,
        "cargo": _CARGO,
        "rm": _RM,
        "python": _PYTHON,
        "gh": _GH,
        "ip": _IP,
        "mvn": _TASKS,
        "gradle": _TASKS,
        "gradlew": _TASKS,
        "just": _TASKS,
        "ninja": _TASKS,
        "rake": _TASKS,
        "hg": _ABBREVIATING,
        "nmcli": _ABBREVIATING,
        "tc": _ABBREVIATING,
        "bridge": _ABBREVIATING,
    }
)
