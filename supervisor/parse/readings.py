"""The programs that one start amounts to: a multi-call binary, an interpreter or a loader is more than its own name."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from supervisor.model.request import Exec
from supervisor.parse.grammar import UNKNOWN, Grammar
from supervisor.parse.grammars import GRAMMARS
from supervisor.parse.names import base, is_loader, program_name
from supervisor.parse.opaque import MARK, is_known, may_be_many, unknown
from supervisor.parse.scan import options_in, possible_words

Args = tuple[str, ...]

# They run in their own process what argv[0] names, or else their first word.
MULTICALL = frozenset(
    """busybox toybox coreutils snap rustup rustup-init systemctl kmod volta-shim mise asdf proto-shim aqua-proxy
    corepack""".split()
)
_FIRST_WORD_RUNS = frozenset({"busybox", "toybox", "coreutils", "corepack"})
# Shipped under one name, known by another: what argv[0] says is right then.
_ALSO: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "dash": frozenset({"sh"}),
        "bash": frozenset({"sh", "rbash"}),
        "ksh": frozenset({"sh"}),
        "mawk": frozenset({"awk"}),
        "gawk": frozenset({"awk"}),
        "original-awk": frozenset({"awk"}),
        "nvim": frozenset({"vim", "vi"}),
        "vim.basic": frozenset({"vi"}),
        "vim.tiny": frozenset({"vi"}),
        "vim": frozenset({"vi"}),
        "less": frozenset({"pager"}),
        "xtables-nft-multi": frozenset({"iptables", "ip6tables"}),
        "xtables-legacy-multi": frozenset({"iptables", "ip6tables"}),
    }
)
# Where a program lives in files with names of their own.
_FILES: Mapping[str, str] = MappingProxyType(
    {
        "npm-cli.js": "npm",
        "npx-cli.js": "npx",
        "pnpm.cjs": "pnpm",
        "pnpm.mjs": "pnpm",
        "yarn.js": "yarn",
        "corepack.js": "corepack",
        "awscli": "aws",
        "gcloud.py": "gcloud",
        "azure": "az",
    }
)
_PUSHES = frozenset({"send-pack", "http-push"})
_INTERPRETERS: Mapping[str, str] = MappingProxyType(
    {  # options that take a value in front of the file
        "python": "-W -X --check-hash-based-pycs",
        "node": "-r --require --import --loader --env-file -C --conditions --input-type --title",
        "bash": "-o -O --rcfile --init-file +o +O",
        "sh": "-o +o",
        "dash": "-o +o",
        "zsh": "-o +o",
        "ksh": "-o +o",
        "mksh": "-o +o",
        "perl": "",
        "ruby": "-r -I -C -E",
        "php": "-c -d -z",
        "deno": "",
        "bun": "",
    }
)
_NO_FILE = MappingProxyType(
    {
        "python": frozenset("cm"),
        "node": frozenset("ep"),
        "perl": frozenset("eE"),
        "ruby": frozenset("e"),
        "php": frozenset("r"),
    }
)
_DOCKER_SHORT = MappingProxyType({("image", "rm"): "rmi", ("image", "ls"): "images", ("image", "remove"): "rmi"})
_DEEPEST = 6
_LONGEST = 10_000
_TERRAFORM_VARIABLE = "TF_CLI_ARGS"


@dataclass(frozen=True, slots=True)
class Reading:
    """One program that a start amounts to: `sure` are its certain names, `maybe` names that only may be right."""

    sure: frozenset[str]
    maybe: frozenset[str]
    args: Args
    merged: bool = False
    """The environment's arguments are already among `args`."""

    @property
    def names(self) -> frozenset[str]:
        return self.sure | self.maybe

    def known_as(self, name: str) -> bool:
        return name in self.sure or name in self.maybe


_EMULATOR = re.compile(
    r"(?:qemu-(?:x86_64|i386|aarch64|arm|riscv64|ppc64le|s390x)(?:-static)?|box64|box86|FEXInterpreter|FEXLoader|FEX"
    r"|valgrind(?:\.bin)?|(?:memcheck|callgrind|cachegrind|helgrind|drd|massif|dhat|none|lackey)-[a-z0-9]+-linux)\Z"
)
_EMULATOR_VALUES = frozenset("-L -0 -cpu -E -U -s -B -R -d -D -g -p -plugin -seed -r -dfilter".split())


def grammar_of(name: str) -> Grammar:
    """The grammar of a program by its one name."""
    return GRAMMARS.get(name, UNKNOWN)


# One start is asked about for every rule of a scope, and for what it leads to: its readings are worked out once.
_latest: tuple[Exec, tuple[Reading, ...]] | None = None


def readings(start: Exec) -> tuple[Reading, ...]:
    """Every reading of a start, its own first. All hold together: `python -m pip` is python as well as pip."""
    global _latest
    latest = _latest
    if latest is None or latest[0] is not start:
        _latest = latest = (start, _readings(start))
    return latest[1]


def _readings(start: Exec) -> tuple[Reading, ...]:
    pending = list(_own(start))
    found: list[Reading] = []
    for _ in range(_DEEPEST):
        found.extend(pending)
        pending = [further for reading in pending for further in _further(reading, start.env)]
        pending = [reading for reading in pending if reading not in found]
        if not pending or len(found) > 40:
            break
    return tuple(dict.fromkeys(found))


def _named(text: str) -> str:
    name = base(text)
    return _FILES.get(name) or program_name(text)


def _own(start: Exec) -> Sequence[Reading]:
    argv = start.argv or (start.program,)
    called = _named(argv[0].lstrip("-"))
    canonical = _named(start.program or argv[0])
    args = tuple(argv[1:])
    if not is_known(base(start.program or argv[0])):
        return [Reading(frozenset(), frozenset(), args)]
    if may_be_many(start.program):
        return [_reading(set(), {canonical}, args)]
    contents = {program_name(name) for name in start.known_as}
    sure, maybe = set(contents), set()
    if not contents or canonical in contents:
        sure.add(canonical)
    else:
        maybe.add(canonical)
    if called != canonical and not start.script:
        if canonical in MULTICALL or (canonical == "git" and called.startswith("git-")):
            # argv[0] says what it does; by its own name it is as if that stood in front.
            task = called.removeprefix("git-") if canonical == "git" else called
            return [_reading({called}, maybe, args), _reading(sure, maybe, (task, *args))]
        truly = called in _ALSO.get(canonical, ()) or base(start.program).startswith(called + ".")
        (sure if truly else maybe).add(called)
    if not start.script:
        return [_reading(sure, maybe, args)]
    # The kernel starts the interpreter with the script's path in front of the arguments: recorded before or after.
    script = _named(start.script)
    after = next((i for i in (1, 2) if len(argv) > i and base(argv[i]) == base(start.script)), 0)
    before = base(argv[0]) == base(start.script) or not after
    # What is known of the content is known of the script: the interpreter goes by its path.
    script_sure, script_maybe = contents or {script}, {script} - contents if contents else set()
    sure, maybe = {canonical}, maybe - {canonical}
    if called not in (script, canonical):
        script_maybe.add(called)
    results = []
    if before:
        results.append(_reading(script_sure, script_maybe, args))
        results.append(_reading(sure, maybe, (*start.hashbang, start.script, *args)))
    if after:
        certain = not before
        names = script_sure if certain else set()
        results.append(_reading(names, script_sure | script_maybe, argv[after + 1 :]))
        results.append(_reading(sure, maybe, args))
    return results


def _reading(sure: set[str], maybe: set[str], args: Args) -> Reading:
    return Reading(frozenset(sure), frozenset(maybe - sure), tuple(args))


def _further(reading: Reading, env: tuple[tuple[str, str], ...]) -> list[Reading]:
    found: list[Reading] = []
    for names, certain in ((reading.sure, True), (reading.maybe, False)):
        for name in sorted(names):
            found.extend(_as(name, reading.args, () if reading.merged else env, certain))
    return found


def _as(name: str, args: Args, env: tuple[tuple[str, str], ...], certain: bool) -> list[Reading]:
    def other(named: str, rest: Sequence[str], sure: bool = True, merged: bool = False) -> Reading:
        ours, none = frozenset({named}), frozenset[str]()
        sure = sure and certain
        return Reading(ours if sure else none, none if sure else ours, tuple(rest), merged)

    if name.startswith("git-") and len(name) > 4:
        return [other("git", (name[4:], *args))]
    if name == "docker-compose":
        return [other("docker", ("compose", *args))]
    if is_loader(name):
        return _loaded(args, other)
    if _EMULATOR.match(name):
        return _emulated(args, other)
    if name in _FIRST_WORD_RUNS and args and not args[0].startswith("-") and is_known(args[0]):
        return [other(_named(args[0]), args[1:])]
    special = _SPECIAL.get(name)
    if special is not None:
        return special(args, env, other)
    if name in _INTERPRETERS:
        return _interpreted(name, args, other)
    return []


Other = Callable[..., Reading]
Env = tuple[tuple[str, str], ...]


def _loaded(args: Args, other: Other) -> list[Reading]:
    index, sure = 0, True
    while index < len(args) and args[index].startswith("-"):
        if args[index] in (
            "--library-path",
            "--inhibit-rpath",
            "--audit",
            "--preload",
            "--argv0",
            "--glibc-hwcaps-prepend",
        ):
            index += 2
            continue
        sure = sure and args[index] in (
            "--inhibit-cache",
            "--list",
            "--verify",
            "--list-tunables",
            "--list-diagnostics",
        )
        index += 1
    found = [other(_named(args[index]), args[index + 1 :], sure)] if index < len(args) else []
    if not sure and index + 1 < len(args):
        found.append(other(_named(args[index + 1]), args[index + 2 :], False))
    return found


def _emulated(args: Args, other: Other) -> list[Reading]:
    """The program whose instructions an emulator runs by itself: no further exec will show it to the gate."""
    index, sure = 0, True
    while index < len(args) and args[index].startswith("-"):
        sure = sure and args[index] in _EMULATOR_VALUES
        index += 2 if args[index] in _EMULATOR_VALUES else 1
    found = [other(_named(args[index]), args[index + 1 :], sure)] if index < len(args) else []
    if not sure and index + 1 < len(args):
        found.append(other(_named(args[index + 1]), args[index + 2 :], False))
    return found


def _interpreted(name: str, args: Args, other: Other) -> list[Reading]:
    """The script file that an interpreter is told to run, as a program of that name."""
    values = _INTERPRETERS[name].split()
    stop = _NO_FILE.get(name, frozenset("c"))
    index, sure = 0, True
    while index < len(args):
        text = args[index]
        if text == "--":
            index += 1
            break
        if text in ("-", "") or text[0] not in "-+":
            break
        if text in values:
            index += 2
            continue
        if not text.startswith("--") and text[0] == "-" and stop & set(text[1:].partition("=")[0]):
            return [other(_named(args[index + 1]), args[index + 2 :])] if _module(name, text, args, index) else []
        sure = sure and (len(text) > 1 and text[1:].isalnum() and len(text) <= 5)
        index += 1
    if index >= len(args) or not is_known(base(args[index])) or args[index] == "-":
        return []
    return [other(_named(args[index]), args[index + 1 :], sure)]


def _module(name: str, text: str, args: Args, index: int) -> bool:
    return name == "python" and text.endswith("m") and "c" not in text and index + 1 < len(args)


def _python(args: Args, env: Env, other: Other) -> list[Reading]:
    # `-m NAME` and `-mNAME`, also at the end of a cluster: `-Im pip`.
    for index, text in enumerate(args):
        if text in ("-W", "-X", "--check-hash-based-pycs") or not text.startswith("-") or text.startswith("--"):
            if text.startswith("--") or text in ("-W", "-X"):
                continue
            if index and args[index - 1] in ("-W", "-X", "--check-hash-based-pycs"):
                continue
            break
        at = next((i for i, letter in enumerate(text) if letter in "cmWX"), 0)
        if not at or text[at] != "m":
            if at and text[at] == "c":
                return []
            continue
        module = text[at + 1 :] or (args[index + 1] if index + 1 < len(args) else "")
        rest = args[index + 1 :] if text[at + 1 :] else args[index + 2 :]
        return [other(_named(module.partition(".")[0]), rest)] if module and is_known(module) else []
    return _interpreted("python", args, other)


def _cargo(args: Args, env: Env, other: Other) -> list[Reading]:
    return [other("cargo", args[1:])] if args and args[0].startswith("+") else []


def _docker(args: Args, env: Env, other: Other) -> list[Reading]:
    words, _ = possible_words(args[:64], grammar_of("docker"))
    if not words or words[0] not in ("container", "image"):
        return []
    at = args.index(words[0])
    verb = words[1] if len(words) > 1 else ""
    short = _DOCKER_SHORT.get((words[0], verb))
    rest = list(args[:at] + args[at + 1 :])
    if short and verb in rest:
        rest[rest.index(verb)] = short
    return [other("docker", rest)]


def _kubernetes(args: Args, env: Env, other: Other) -> list[Reading]:
    if not args or args[0] != "kubectl":
        return []
    return [other("kubectl", args[2:] if args[1:2] == ("--",) else args[1:])]


def _git(args: Args, env: Env, other: Other) -> list[Reading]:
    """What `git push` is made of is one, by whom ever it is started.

    With `--stateless-rpc` it speaks to the program that started it and reaches nothing itself: a push over HTTP starts
    it so, and was decided on before. Source: git-send-pack(1), git-http-push(1).
    """
    words, doubtful = possible_words(args, grammar_of("git"))
    made_of = next((word for word in words if word in _PUSHES), "")
    if not made_of or "--stateless-rpc" in args:
        return []
    at = args.index(made_of)
    return [other("git", (*args[:at], "push", *args[at + 1 :]), words[0] == made_of and not doubtful)]


def _terraform(args: Args, env: Env, other: Other) -> list[Reading]:
    """With `TF_CLI_ARGS` where terraform puts them; an apply that destroys is also a `destroy`.

    Source: developer.hashicorp.com/terraform/cli/config/environment-variables, terraform main.go (mergeEnvArgs).
    """
    grammar = grammar_of("terraform")
    words, _ = possible_words(args, grammar)
    command = words[0] if words else ""
    extra, understood = _terraform_extra(env, words)
    found = []
    if extra:
        at = args.index(command) + 1 if command else 0
        args = (*args[:at], *extra, *args[at:])
        found.append(other("terraform", args, understood, merged=True))
    command = command or (extra[0] if extra else "")
    if command == "apply":
        at = args.index("apply")
        destroyed = (*args[:at], "destroy", *args[at + 1 :])
        given, more = options_in(args, grammar, None)
        flags = [option for option in given if option.name == "-destroy"]
        rest, _ = possible_words(args[at + 1 :], grammar)
        if flags:
            certain = (
                len(flags) == 1 and flags[0].certain and (flags[0].value in (None, "true", "1", "t", "TRUE", "True"))
            )
            found.append(other("terraform", destroyed, certain and understood, merged=True))
        elif rest or more or not understood:
            # A saved plan may be one that destroys: what is in it is not told by its name.
            found.append(other("terraform", destroyed, False, merged=True))
    return found


def _terraform_extra(env: Env, words: list[str]) -> tuple[Args, bool]:
    extra: list[str] = []
    understood = True
    suffixes = ["_" + "_".join(words[:n]).replace("-", "_") for n in (1, 2, 3) if len(words) >= n]
    for name in (_TERRAFORM_VARIABLE + suffix for suffix in [*reversed(suffixes), ""]):
        values = {value for key, value in env if key == name}
        # Programs differ in which of two values counts: for Go it is the first, for bash the last.
        value = unknown(name, many=True) if len(values) > 1 else "".join(values)
        if not value:
            continue
        try:
            words_of = shlex.split(value) if MARK not in value and len(value) < _LONGEST else None
        except ValueError:
            words_of = None
        understood = understood and words_of is not None
        extra = (words_of or [unknown(name, many=True)]) + extra
    return tuple(extra), understood


_SPECIAL: Mapping[str, Callable[[Args, Env, Other], list[Reading]]] = MappingProxyType(
    {
        "python": _python,
        "cargo": _cargo,
        "git": _git,
        "docker": _docker,
        "podman": _docker,
        "k3s": _kubernetes,
        "minikube": _kubernetes,
        "microk8s": _kubernetes,
        "snap": lambda args, env, other: [],
        "terraform": _terraform,
    }
)
