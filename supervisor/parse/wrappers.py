"""Programs that start the program in their own arguments: where in their arguments it begins, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from supervisor.parse.grammar import Grammar, Options
from supervisor.parse.opaque import MARK
from supervisor.parse.scan import classify


@dataclass(frozen=True, slots=True)
class Wrapper:
    """`skip` operands stand between the options and the command; `assigns`: `VAR=value` may, too.

    `elsewhere` says where the command runs if not in the cell; `shell` that the words are joined to shell text;
    `none` are options with which no command follows; `mixed`: options may stand behind the operands, too.
    """

    options: Grammar
    skip: int = 0
    assigns: bool = False
    shell: bool = False
    elsewhere: str = ""
    none: frozenset[str] = frozenset()
    mixed: bool = False
    dashes: bool = False
    """The command stands behind `--`, whatever is in front of that."""


def _wrap(values: str = "", flags: str = "", *, skip: int = 0, none: str = "", **more: bool | str) -> Wrapper:
    grammar = Grammar(everywhere=Options(frozenset(values.split()), frozenset(flags.split()) | frozenset(none.split())))
    return Wrapper(
        grammar,
        skip,
        assigns=bool(more.get("assigns")),
        shell=bool(more.get("shell")),
        elsewhere=str(more.get("elsewhere", "")),
        none=frozenset(none.split()),
        mixed=bool(more.get("mixed")),
        dashes=bool(more.get("dashes")),
    )


_CONTAINER = "it runs in a container, outside of the cell"

WRAPPERS: Mapping[str, Wrapper] = MappingProxyType(
    {
        "env": _wrap(
            "-u --unset -C --chdir -a --argv0",
            "-i --ignore-environment - -v --debug --list-signal-handling",
            assigns=True,
            none="-0 --null --help --version",
        ),
        "sudo": _wrap(
            """-u --user -g --group -h --host -p --prompt -C --close-from -r --role -t --type -T --command-timeout -U
            --other-user -D --chdir -R --chroot""",
            """-A --askpass -b --background -B --bell -E --preserve-env -H --set-home -i --login -k --reset-timestamp
            -n --non-interactive -P --preserve-groups -S --stdin -s --shell -N --no-update""",
            assigns=True,
            none="-e --edit -l --list -v --validate -K --remove-timestamp -V --version --help",
        ),
        "doas": _wrap("-u -C -a", "-n -s", none="-L"),
        "nice": _wrap("-n --adjustment"),
        "ionice": _wrap("-c --class -n --classdata", "-t --ignore", none="-p --pid -P --pgid -u --uid"),
        "chrt": _wrap(
            "-T --sched-runtime -P --sched-period -D --sched-deadline",
            """-b --batch -d --deadline -f --fifo -i --idle -o --other -r --rr -R --reset-on-fork -a --all-tasks -v
            --verbose""",
            skip=1,
            none="-p --pid -m --max",
        ),
        "taskset": _wrap("", "-a --all-tasks -c --cpu-list", skip=1, none="-p --pid"),
        "nohup": _wrap(),
        "setsid": _wrap("", "-c --ctty -f --fork -w --wait"),
        "stdbuf": _wrap("-i --input -o --output -e --error"),
        "timeout": _wrap("-k --kill-after -s --signal", "-f --foreground --preserve-status -p -v --verbose", skip=1),
        "time": _wrap("-f --format -o --output", "-a --append -p --portability -v --verbose -q --quiet -l -h"),
        "strace": _wrap(
            """-o --output -e -p --attach -s --string-limit -u --user -E --env -a --columns -O -S -P -b -I -X -U
            --trace""",
            """-f --follow-forks -ff -c -C -d --debug -i -k -n -N -q -qq -qqq -r -t -tt -ttt -T -v -w -x -xx -y -yy
            -z -Z -Y -A -D -DD -DDD --seccomp-bpf""",
        ),
        "ltrace": _wrap("-o -e -p -s -u -l -n -a -A -D -F -w -x", "-f -c -C -i -L -S -r -t -tt -ttt -T -b"),
        "unshare": _wrap(
            """-S --setuid -G --setgid -R --root -w --wd --propagation --setgroups --map-user --map-group --map-users
            --map-groups -l --load-interp --monotonic --boottime""",
            """-m --mount -u --uts -i --ipc -n --net -p --pid -U --user -C --cgroup -T --time -f --fork -r
            --map-root-user -c --map-current-user --map-auto --mount-proc --kill-child --keep-caps""",
        ),
        "nsenter": _wrap(
            "-t --target -S --setuid -G --setgid",
            """-a --all -m --mount -u --uts -i --ipc -n --net -p --pid -C --cgroup -U --user -T --time -r --root -w
            --wd -F --no-fork -Z --follow-context --preserve-credentials""",
        ),
        "chroot": _wrap("--userspec --groups", "--skip-chdir", skip=1),
        "setpriv": _wrap(
            """--reuid --regid --groups --inh-caps --ambient-caps --bounding-set --securebits --pdeathsig
            --selinux-label --apparmor-profile --ruid --euid --rgid --egid""",
            "--clear-groups --keep-groups --init-groups --no-new-privs --nnp --reset-env",
            none="-d --dump --list-caps",
        ),
        "prlimit": _wrap("", "--raw --verbose --noheadings", none="-p --pid"),
        "capsh": _wrap(),
        "fakeroot": _wrap("-l --lib --faked -s -i -b", "-u --unknown-is-real"),
        "unbuffer": _wrap("", "-p"),
        "rlwrap": _wrap("", "-a -i -c"),
        "proxychains": _wrap("-f", "-q"),
        "proxychains4": _wrap("-f", "-q"),
        "torsocks": _wrap("-u -p -a -P --user --pass --address --port", "-i --isolate -d --debug -q --quiet"),
        "torify": _wrap("", "-v"),
        "eatmydata": _wrap(),
        "chronic": _wrap("", "-v -e"),
        "catchsegv": _wrap(),
        "caffeinate": _wrap("-t -w", "-d -i -m -s -u"),
        "dbus-run-session": _wrap("--config-file --dbus-daemon"),
        "dbus-launch": _wrap("--config-file", "--sh-syntax --exit-with-session"),
        "xvfb-run": _wrap(
            "-e --error-file -f --auth-file -n --server-num -p --xauth-protocol -s --server-args --wait",
            "-a --auto-servernum -l --listen-tcp",
        ),
        "tini": _wrap("-p -e", "-s -v -vv -vvv -w -g"),
        "dumb-init": _wrap("-r --rewrite", "-c --single-child -v --verbose"),
        "gosu": _wrap(skip=1),
        "su-exec": _wrap(skip=1),
        "setarch": _wrap("", "-R --addr-no-randomize -v --verbose -B --32bit -3 --3gb -X -Z", skip=1),
        "linux32": _wrap("", "-R -v"),
        "linux64": _wrap("", "-R -v"),
        "i386": _wrap("", "-R -v"),
        "x86_64": _wrap("", "-R -v"),
        "cpulimit": _wrap("-l --limit -p --pid -e --exe -P --path", "-i -m -f -z -b -q -v -r -c --foreground"),
        "systemd-inhibit": _wrap("--what --who --why --mode", "--no-pager --no-legend", none="--list"),
        "systemd-run": _wrap(
            """-p --property -u --unit --description --slice --service-type --uid --gid --nice --working-directory -E
            --setenv -H --host -M --machine""",
            """--user --system --scope -r --remain-after-exit --send-sighup --no-block --wait -P --pipe -t --pty -q
            --quiet -G --collect -S --shell -d --same-dir""",
            elsewhere="the system's service manager runs it, outside of the cell",
        ),
        "valgrind": _wrap("", "-q --quiet -v --verbose -d"),
        "watch": _wrap(
            "-n --interval -q --equexit",
            """-d --differences -t --no-title -b --beep -e --errexit -g --chgexit -c --color -C --no-color -x --exec
            -p --precise -r --no-rerun -w --no-wrap""",
            shell=True,
        ),
        "entr": _wrap("", "-a -c -d -n -p -r -x -z -cc -dd"),
        "ssh": _wrap(
            "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -P -Q -R -S -W -w",
            "-4 -6 -A -a -C -f -G -g -K -k -M -N -n -q -s -T -t -tt -V -v -vv -vvv -X -x -Y -y",
            skip=1,
            mixed=True,
            elsewhere="it runs on another machine",
        ),
        "mosh": _wrap("-p --port", "-4 -6 -a -n", skip=1, mixed=True, elsewhere="it runs on another machine"),
        "agent-supervise": _wrap("--scope --set --weaken --profile --aws-endpoint", "--headless --no-record --wait"),
    }
)

XARGS = _wrap(
    """-I -J -R -n --max-args -P --max-procs -L --max-lines -s --max-chars -d --delimiter -E -a --arg-file
    --process-slot-var""",
    "-0 --null -r --no-run-if-empty -t --verbose -p --interactive -x --exit -o --open-tty -i --replace -e --eof -l",
    none="--help --version --show-limits",
)
PARALLEL = _wrap(
    """-j --jobs -P --max-procs -a --arg-file -d --delimiter -C --colsep -I -n --max-args -N --max-replace-args -S
    --sshlogin --delay --timeout --retries --joblog --results --tmpdir --wd --workdir --halt --tagstring --memfree
    --load --nice""",
    """-k --keep-order -q --quote -0 --null -r --no-run-if-empty -t --verbose -v --bar --progress --dry-run --eta
    --line-buffer --lb -u --ungroup --group -X -m --xargs --tag --will-cite --resume --pipe --shuf -x --exit""",
    none="--version --help --citation -h",
)
FLOCK = _wrap(
    "-w --wait --timeout -E --conflict-exit-code",
    "-s --shared -x -e --exclusive -n --nb --nonblock -o --close -F --no-fork --verbose",
    skip=1,
    none="-u --unlock",
)
LOADER = _wrap(
    "--library-path --inhibit-rpath --audit --preload --argv0 --glibc-hwcaps-prepend --glibc-hwcaps-mask",
    "--inhibit-cache",
    none="--list --verify --list-tunables --list-diagnostics --help --version",
)
RUNUSER = _wrap(
    "-u --user -g --group -G --supp-group -s --shell -w --whitelist-environment",
    "-f --fast -l --login -m -p --preserve-environment -P --pty -T --no-pty",
)

_EXEC_ANY = _wrap()
# Wrappers that have the command behind words of their own.
BEHIND_WORDS: Mapping[tuple[str, ...], Wrapper] = MappingProxyType(
    {
        ("npx",): _wrap(
            "-p --package -w --workspace --registry --cache --prefix --node-options",
            "-y --yes --no -q --quiet --no-install --ignore-existing --prefer-offline --offline --workspaces",
        ),
        ("bunx",): _wrap("-p --package", "--bun --no-install --verbose --silent"),
        ("bun", "x"): _wrap("-p --package", "--bun --no-install --verbose --silent"),
        ("npm", "exec"): _wrap("-p --package -w --workspace", "-y --yes --no -q"),
        ("npm", "x"): _wrap("-p --package -w --workspace", "-y --yes --no -q"),
        ("pnpm", "exec"): _wrap("-C --dir -F --filter", "-r --recursive --parallel -w"),
        ("pnpm", "dlx"): _wrap("--package", "--silent"),
        ("pnpx",): _wrap("--package", "--silent"),
        ("yarn", "exec"): _EXEC_ANY,
        ("yarn", "dlx"): _wrap("-p --package", "-q --quiet"),
        ("uv", "run"): _wrap(
            """--with --with-editable --with-requirements --extra --group --only-group --no-group --no-extra
            --env-file -p --python --package --directory --project --index --index-url --default-index
            --extra-index-url -i -f --find-links --refresh-package -P --upgrade-package --config-file --cache-dir
            --color --script-python""",
            """--isolated --no-project --no-sync --locked --frozen --active --no-dev --dev --only-dev --all-extras
            --all-groups --no-env-file -q --quiet -v --verbose --offline -n --no-cache --no-config --exact -U
            --upgrade --refresh --no-default-groups --all-packages --managed-python --no-managed-python
            --no-progress""",
        ),
        ("uvx",): _wrap(
            "--from --with --with-requirements -p --python --index --index-url", "--isolated -q -v --offline"
        ),
        ("uv", "tool", "run"): _wrap("--from --with -p --python --index", "--isolated -q -v --offline"),
        ("pipx", "run"): _wrap("--spec --python --pip-args --index-url", "--no-cache --verbose -q"),
        ("poetry", "run"): _EXEC_ANY,
        ("pipenv", "run"): _EXEC_ANY,
        ("pdm", "run"): _wrap("-p --project --venv", "-s --site-packages"),
        ("hatch", "run"): _EXEC_ANY,
        ("rye", "run"): _EXEC_ANY,
        ("pixi", "run"): _wrap("-e --environment --manifest-path", "--frozen --locked -v -q"),
        ("conda", "run"): _wrap("-n --name -p --prefix --cwd", "-v --verbose --no-capture-output --live-stream"),
        ("mamba", "run"): _wrap("-n --name -p --prefix --cwd", "-v --verbose --no-capture-output --live-stream"),
        ("micromamba", "run"): _wrap("-n --name -p --prefix -r --root-prefix --cwd -a", "-v --verbose -d"),
        ("bundle", "exec"): _wrap("--gemfile", "--keep-file-descriptors"),
        ("direnv", "exec"): _wrap(skip=1),
        ("aws-vault", "exec"): _wrap(
            "-d --duration -m --mfa-token --region --backend --prompt",
            "-n --no-session -s --server --ecs-server --ec2-server -j --json --debug",
            skip=1,
            mixed=True,
        ),
        ("aws-vault", "e"): _wrap("-d -m --region", "-n -s -j", skip=1, mixed=True),
        ("op", "run"): _wrap("--env-file --account --config --cache", "--no-masking --debug"),
        ("doppler", "run"): _wrap("-p --project -c --config -t --token", "--silent --preserve-env"),
        ("chamber", "exec"): _wrap("-b --backend", "--pristine --strict -v", skip=1, mixed=True),
        ("infisical", "run"): _wrap("--env --projectId --path --token", "--expand --silent"),
        ("sops", "exec-env"): _wrap("", "", skip=1, shell=True),
        ("mise", "exec"): _wrap(dashes=True),
        ("mise", "x"): _wrap(dashes=True),
        ("asdf", "exec"): _EXEC_ANY,
        ("pyenv", "exec"): _EXEC_ANY,
        ("rbenv", "exec"): _EXEC_ANY,
        ("nodenv", "exec"): _EXEC_ANY,
        ("tfenv", "exec"): _EXEC_ANY,
        ("tenv", "exec"): _EXEC_ANY,
        ("nvm", "exec"): _wrap("", "--silent", skip=1),
        ("fnm", "exec"): _wrap("--using"),
        ("volta", "run"): _wrap("--node --npm --yarn --pnpm", "--bundled-npm --no-npm --no-yarn"),
        ("dotenv", "run"): _wrap("-f --file", "--override --no-override"),
        ("perf", "record"): _wrap("-e --event -F --freq -o --output -c --count -j --mmap-pages", "-a -g -q -v -s -d"),
        ("perf", "stat"): _wrap("-e --event -r --repeat -o --output -x -I", "-a -d -v -B"),
        ("git", "bisect", "run"): _EXEC_ANY,
        ("docker", "exec"): _wrap(
            "-e --env --env-file -w --workdir -u --user --detach-keys",
            "-d --detach -i --interactive -t --tty --privileged -it",
            skip=1,
            mixed=True,
            elsewhere=_CONTAINER,
        ),
        ("kubectl", "exec"): _wrap(
            "-n --namespace -c --container --context --kubeconfig -f",
            "-i --stdin -t --tty -it -q --quiet",
            skip=1,
            mixed=True,
            elsewhere=_CONTAINER,
        ),
    }
)


def command_at(wrapper: Wrapper, args: tuple[str, ...]) -> int | None:
    """Where the command begins, `len(args)` if there is none, `None` if it cannot be told."""
    if wrapper.dashes:
        return args.index("--") + 1 if "--" in args else None
    index, skip = 0, wrapper.skip
    grammar = wrapper.options
    while index < len(args):
        text = args[index]
        if text.startswith(MARK):
            return None
        if text == "--":
            index += 1
            return None if index + skip > len(args) else _behind_assigned(wrapper, args, index + skip)
        if text in grammar.everywhere.flags and text == "-":
            index += 1
            continue
        arg = classify(text, None, grammar, None)
        if not arg.option:
            if wrapper.assigns and "=" in text.partition(MARK)[0]:
                index += 1
                continue
            if skip:
                skip, index = skip - 1, index + 1
                if not wrapper.mixed and not skip:
                    return _behind_assigned(wrapper, args, index + (args[index : index + 1] == ("--",)))
                continue
            return _behind_assigned(wrapper, args, index)
        if text.partition("=")[0] in wrapper.none or (
            not text.startswith("--") and any("-" + letter in wrapper.none for letter in text[1:2])
        ):
            return len(args)
        if len(arg.steps) != 1:
            return None
        index += arg.steps[0]
    return len(args)


def _behind_assigned(wrapper: Wrapper, args: tuple[str, ...], index: int) -> int:
    while wrapper.assigns and index < len(args) and "=" in args[index].partition(MARK)[0]:
        index += 1
    return index
