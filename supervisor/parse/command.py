"""What a program start visibly leads to: wrappers seen through, and shell text read."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from supervisor.model.request import Exec
from supervisor.parse.names import is_loader
from supervisor.parse.opaque import MARK, Opaque, is_known, readable, unknown
from supervisor.parse.readings import Reading, readings
from supervisor.parse.shell import ShellStart, shell_starts
from supervisor.parse.wrappers import (
    BEHIND_WORDS,
    FLOCK,
    LOADER,
    PARALLEL,
    RUNUSER,
    WRAPPERS,
    XARGS,
    Wrapper,
    command_at,
)

Found = Exec | Opaque | ShellStart
Env = tuple[tuple[str, str], ...]

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash"})
_OTHER_SHELLS = frozenset({"fish", "csh", "tcsh", "pwsh", "powershell", "nu", "xonsh", "elvish", "rc", "es", "yash"})
_SHELL_VALUES = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_EATERS = frozenset({"xargs", "find", "parallel", "ssh", "entr"})
_MOST = 400
_DEEPEST = 40


def inner(start: Exec) -> tuple[Exec | Opaque, ...]:
    """The program starts that `start` visibly leads to, transitively, itself left out.

    What a program starts for reasons that stand in a file or in its own code (make, `npm run`, a script) is not
    visible here and meets the exec gate by itself. `Opaque` is visible text that we do not understand, or a command
    that runs outside of the cell.
    """
    return _closure(_leads_to(start, None, False))


def shell_programs(text: str, cwd: str = "") -> tuple[Exec | Opaque, ...]:
    """The program starts that shell text visibly leads to, and what those lead to. Builtins of the shell are none."""
    return _closure(_text(text, cwd, (), None))


def is_shell(start: Exec) -> bool:
    """Whether a start is that of a shell, under whatever name."""
    return any(reading.names & (_SHELLS | _OTHER_SHELLS) for reading in readings(start))


def _closure(first: Iterable[Found]) -> tuple[Exec | Opaque, ...]:
    found: dict[Exec | Opaque, None] = {}
    pending = [(item, 1) for item in first]
    pending.reverse()
    while pending:
        item, depth = pending.pop()
        start = item.start if isinstance(item, ShellStart) else item
        if isinstance(start, Exec) and start in found:
            continue
        found[start] = None
        if isinstance(start, Opaque):
            continue
        if len(found) > _MOST or depth > _DEEPEST:
            found[Opaque(" ".join(map(readable, start.argv[:20])), "it leads to more programs than we follow")] = None
            break
        text, fed = (item.input, item.fed) if isinstance(item, ShellStart) else (None, False)
        # What sudo or env starts reads the same input; xargs and find eat it themselves.
        hand_on = fed and not _eats_input(start)
        for further in reversed(_leads_to(start, text, fed)):
            if hand_on and isinstance(further, Exec):
                further = ShellStart(further, text, fed)
            pending.append((further, depth + 1))
    return tuple(found)


def _eats_input(start: Exec) -> bool:
    return any(reading.names & (_SHELLS | _EATERS) for reading in readings(start))


def _text(text: str, cwd: str, env: Env, positional: tuple[str, ...] | None, *, quoted: bool = False) -> list[Found]:
    starts, texts = shell_starts(text, cwd, env, positional, quoted=quoted)
    result: list[Found] = list(starts)
    for depth in range(8):
        if not texts:
            return result
        further: list[str] = []
        for inner_text in texts[:50]:
            more, again = shell_starts(inner_text, cwd, env, positional)
            result.extend(more)
            further.extend(again)
        texts = further
        if depth == 7 and texts:
            result.append(Opaque(readable(texts[0][:200]), "nested more deeply than we follow"))
    return result


def _leads_to(start: Exec, text: str | None, fed: bool) -> list[Found]:
    result: list[Found] = []
    for reading in readings(start):
        for name in sorted(reading.names):
            result.extend(_through(name, reading, start, text, fed))
    return result


def _through(name: str, reading: Reading, start: Exec, text: str | None, fed: bool) -> list[Found]:
    args = reading.args
    if name in _SHELLS:
        return _shell(args, start, text, fed)
    if name in _OTHER_SHELLS:
        at = next((i for i, arg in enumerate(args) if arg in ("-c", "-Command", "--command", "-command")), None)
        return [] if at is None else [_opaque(args[at + 1 :], f"the text is for {name}, which we do not read")]
    if is_loader(name):
        return _loaded(args, start)
    special = _SPECIAL.get(name)
    if special is not None:
        found = special(args, start)
        if found is not None:
            return found
    wrapper = WRAPPERS.get(name)
    if wrapper is not None:
        return _wrapped(name, wrapper, args, start)
    return _behind_words(name, args, start)


def _loaded(args: tuple[str, ...], start: Exec) -> list[Found]:
    """The program that the dynamic linker maps: no further exec will show it to the gate."""
    at = command_at(LOADER, args)
    if at is None:
        return [_opaque(args, "an option of the dynamic linker that we do not know")]
    return _start(args[at:], start)


def _opaque(words: Iterable[str], why: str) -> Opaque:
    return Opaque(" ".join(readable(word) for word in words), why)


def _start(words: tuple[str, ...], start: Exec, env: Env | None = None, cwd: str | None = None) -> list[Found]:
    if not words:
        return []
    if not is_known(words[0].rpartition("/")[2]) or not words[0]:
        return [_opaque(words, "the program's name is known only when it runs")]
    return [Exec(words[0], words, start.cwd if cwd is None else cwd, env=start.env if env is None else env)]


def _wrapped(name: str, wrapper: Wrapper, args: tuple[str, ...], start: Exec) -> list[Found]:
    at = command_at(wrapper, args)
    if at is None:
        return [
            _opaque((name, *args), f"an option of {name} that we do not know: where its command begins is not told")
        ]
    words = args[at:]
    if not words:
        return []
    if wrapper.elsewhere:
        return [_opaque(words, wrapper.elsewhere)]
    if wrapper.shell and not {"-x", "--exec"} & set(args[:at]):
        return _text(" ".join(words), start.cwd, start.env, None)
    env = _env(name, args[:at], start.env) if wrapper.assigns else start.env
    return _start(words, start, env, _cwd(args[:at], start.cwd) if name in ("env", "sudo") else None)


def _env(name: str, args: tuple[str, ...], env: Env) -> Env:
    variables = dict(env)
    if name == "env" and any(arg in ("-", "-i", "--ignore-environment") for arg in args):
        variables.clear()
    for index, arg in enumerate(args):
        if name == "env" and arg in ("-u", "--unset") and index + 1 < len(args):
            variables.pop(args[index + 1], None)
        key, equals, value = arg.partition("=")
        if equals and not key.startswith("-") and MARK not in key:
            variables[key] = value
    return tuple(variables.items())


def _cwd(args: tuple[str, ...], cwd: str) -> str:
    for index, arg in enumerate(args):
        if arg in ("-C", "-D", "--chdir") and index + 1 < len(args):
            folder = args[index + 1]
            return posixpath.join(cwd, folder) if is_known(folder) and (cwd or folder.startswith("/")) else ""
    return cwd


_BEHIND: Final = {
    name: tuple((words, wrapper) for words, wrapper in BEHIND_WORDS.items() if words[0] == name)
    for name in {words[0] for words in BEHIND_WORDS}
}
"""The entries of `BEHIND_WORDS` by their program."""


def _behind_words(name: str, args: tuple[str, ...], start: Exec) -> list[Found]:
    for words, wrapper in _BEHIND.get(name, ()):
        behind = _past(words[1:], args)
        if behind is None:
            continue
        found = _wrapped(" ".join(words), wrapper, behind, start)
        return [_without_version(item) if isinstance(item, Exec) else item for item in found]
    return []


def _past(words: tuple[str, ...], args: tuple[str, ...]) -> tuple[str, ...] | None:
    index = 0
    for word in words:
        while index < len(args) and args[index].startswith("-"):
            index += 1
        if index >= len(args) or args[index] != word:
            return None
        index += 1
    return args[index:]


def _without_version(start: Exec) -> Exec:
    """`npx cowsay@1.5` starts cowsay."""
    name = start.argv[0]
    plain = name[:1] + name[1:].partition("@")[0] if "/" not in name.lstrip("@").partition("/")[0] else name
    return Exec(plain, (plain, *start.argv[1:]), start.cwd, env=start.env)


def _shell(args: tuple[str, ...], start: Exec, text: str | None, fed: bool) -> list[Found]:
    index, has_text = 0, False
    while index < len(args) and args[index][:1] in ("-", "+") and args[index] not in ("-", "--"):
        option = args[index]
        if not option.startswith("--"):
            has_text = has_text or (option[0] == "-" and "c" in option)
            # `-o` and `-O` take a value, also at the end of a cluster: `-euo pipefail`.
            if option[-1] in "oO" and option not in _SHELL_VALUES:
                index += 1
        if option in _SHELL_VALUES:
            index += 1
        index += 1
    if index < len(args) and args[index] in ("-", "--"):
        index += 1
    rest = args[index:]
    if has_text:
        if not rest:
            return []
        return _text(rest[0], start.cwd, start.env, ("sh", *rest[2:]) if len(rest) < 2 else rest[1:])
    if rest or not fed:
        return []
    if text is not None:
        return _text(text, start.cwd, start.env, None)
    return [_opaque(start.argv, "a shell that reads its commands from its input")]


def _env_split(args: tuple[str, ...], start: Exec) -> list[Found] | None:
    """`env -S TEXT`: the text is split into arguments of env itself."""
    for index, arg in enumerate(args):
        if not arg.startswith("-") or arg == "--":
            return None
        value = None
        if arg in ("-S", "--split-string"):
            value, rest = (args[index + 1] if index + 1 < len(args) else ""), args[index + 2 :]
        elif arg.startswith("--split-string="):
            value, rest = arg.partition("=")[2], args[index + 1 :]
        elif not arg.startswith("--") and "S" in arg:
            flags, _, attached = arg[1:].partition("S")
            if set(flags) <= set("iv0"):
                value, rest = (
                    (attached, args[index + 1 :])
                    if attached
                    else (
                        args[index + 1] if index + 1 < len(args) else "",
                        args[index + 2 :],
                    )
                )
        if value is None:
            if arg in ("-u", "--unset", "-C", "--chdir"):
                return None
            continue
        try:
            words = shlex.split(value) if "$" not in value and MARK not in value and len(value) < 50_000 else None
        except ValueError:
            words = None
        if words is None:
            return [_opaque(args, "the text of env -S is not understood")]
        return _wrapped("env", WRAPPERS["env"], (*args[:index], *words, *rest), start)
    return None


def _xargs(args: tuple[str, ...], start: Exec) -> list[Found]:
    at = command_at(XARGS, args)
    if at is None:
        return [
            _opaque(("xargs", *args), "an option of xargs that we do not know: where its command begins is not told")
        ]
    words = args[at:]
    replaced = ""
    for index, arg in enumerate(args[:at]):
        if arg in ("-I", "-J") and index + 1 < at:
            replaced = args[index + 1]
        elif arg.startswith("-I") and len(arg) > 2:
            replaced = arg[2:]
        elif arg in ("-i", "--replace"):
            replaced = "{}"
        elif arg.startswith("--replace="):
            replaced = arg.partition("=")[2]
    if not words:
        return []
    if replaced:
        words = tuple(word.replace(replaced, unknown(replaced)) for word in words)
    else:
        words = (*words, unknown("…", many=True))
    return _start(words, start)


def _find(args: tuple[str, ...], start: Exec) -> list[Found]:
    result: list[Found] = []
    index = 0
    while index < len(args):
        if args[index] not in ("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"):
            index += 1
            continue
        words: list[str] = []
        index += 1
        while index < len(args) and args[index] != ";" and not (args[index] == "+" and words[-1:] == ["{}"]):
            words.append(args[index])
            index += 1
        many = index < len(args) and args[index] == "+"
        result.extend(_start(tuple(word.replace("{}", unknown("{}", many=many)) for word in words), start))
    return result


def _parallel(args: tuple[str, ...], start: Exec) -> list[Found]:
    at = command_at(PARALLEL, args)
    if at is None:
        return [_opaque(("parallel", *args), "an option of parallel that we do not know")]
    words = args[at:]
    end = next((i for i, word in enumerate(words) if word in (":::", "::::", ":::+", "::::+")), len(words))
    template = " ".join(words[:end])
    if not template:
        return [_opaque(args, "parallel runs what its input says")]
    filled = template.replace("{}", unknown("{}"))
    return _text(
        filled if filled != template else f"{template} {unknown('{}')}", start.cwd, start.env, None, quoted=True
    )


def _command_text(args: tuple[str, ...], start: Exec) -> list[Found] | None:
    """`-c TEXT` or `--command=TEXT` of su, runuser, script, flock; `None` where there is none."""
    for index, arg in enumerate(args):
        if arg == "--":
            return None
        if arg in ("-c", "--command", "--session-command", "--call", "--run") and index + 1 < len(args):
            return _text(args[index + 1], start.cwd, start.env, None)
        if arg.startswith(("--command=", "--session-command=", "--call=")):
            return _text(arg.partition("=")[2], start.cwd, start.env, None)
        if len(arg) > 2 and arg[0] == "-" and arg[1] != "-" and arg.endswith("c") and arg[1:].isalpha():
            return _text(args[index + 1], start.cwd, start.env, None) if index + 1 < len(args) else None
    return None


def _flock(args: tuple[str, ...], start: Exec) -> list[Found]:
    at = command_at(FLOCK, args)
    if at is None:
        return [_opaque(("flock", *args), "an option of flock that we do not know")]
    words = args[at:]
    if words[:1] in (("-c",), ("--command",)):
        return _text(words[1], start.cwd, start.env, None) if len(words) > 1 else []
    return _start(words, start)


def _after_dashes(args: tuple[str, ...], start: Exec) -> list[Found]:
    """`su` and `script` without `-c`: only what stands behind `--` is a command."""
    found = _command_text(args, start)
    if found is not None:
        return found
    return _start(args[args.index("--") + 1 :], start) if "--" in args else []


def _runuser(args: tuple[str, ...], start: Exec) -> list[Found]:
    found = _command_text(args, start)
    if found is not None:
        return found
    at = command_at(RUNUSER, args)
    return _start(args[at:], start) if at is not None and {"-u", "--user"} & set(args) else []


def _ssh(args: tuple[str, ...], start: Exec) -> list[Found] | None:
    """Options of ssh that run a command on this side; `None` where there are none."""
    result: list[Found] = []
    for index, arg in enumerate(args):
        option = args[index + 1] if arg == "-o" and index + 1 < len(args) else arg[2:] if arg.startswith("-o") else ""
        key, _, value = option.replace("=", " ", 1).partition(" ")
        if key.lower() in ("proxycommand", "localcommand", "knownhostscommand"):
            result.extend(_text(value, start.cwd, start.env, None))
    return [*_wrapped("ssh", WRAPPERS["ssh"], args, start), *result] if result else None


def _terragrunt(args: tuple[str, ...], start: Exec) -> list[Found]:
    words = tuple(arg for arg in args if not arg.startswith(("--terragrunt-", "--all", "--graph", "--non-interactive")))
    if words[:1] in (("run-all",), ("run",), ("stack",)):
        words = words[1:]
    if words[:1] == ("--",):
        words = words[1:]
    return [Exec("terraform", ("terraform", *words), start.cwd, env=start.env)] if words else []


def _git(args: tuple[str, ...], start: Exec) -> list[Found] | None:
    """Shell text among git's arguments: `!` aliases, `rebase --exec`, `submodule foreach`."""
    result: list[Found] = []
    for index, arg in enumerate(args):
        following = args[index + 1] if index + 1 < len(args) else ""
        if arg == "-c" and following.lower().startswith("alias.") and "=!" in following:
            result.extend(_text(following.partition("=!")[2], start.cwd, start.env, None))
        elif arg in ("-x", "--exec") and "rebase" in args[:index]:
            result.extend(_text(following, start.cwd, start.env, None))
        elif arg.startswith("--exec=") and "rebase" in args[:index]:
            result.extend(_text(arg.partition("=")[2], start.cwd, start.env, None))
        elif arg == "foreach" and args[index - 1 : index] == ("submodule",):
            rest = tuple(word for word in args[index + 1 :] if word not in ("--recursive", "--quiet", "-q"))
            if rest:
                result.extend(_text(" ".join(rest), start.cwd, start.env, None))
    return result or None


def _texts(args: tuple[str, ...], start: Exec) -> list[Found]:
    """Every operand is shell text (hyperfine)."""
    return [found for arg in args if " " in arg for found in _text(arg, start.cwd, start.env, None)]


def _gdb(args: tuple[str, ...], start: Exec) -> list[Found]:
    return _start(args[args.index("--args") + 1 :], start) if "--args" in args else []


def _call(args: tuple[str, ...], start: Exec) -> list[Found] | None:
    """`-c TEXT` among the options of npx or npm exec, in front of the command that they start."""
    index = 0
    while index < len(args):
        option = args[index]
        if option in ("-c", "--call") or option.startswith("--call="):
            return _command_text(args[index:], start)
        if option == "--" or not (option.startswith("-") or (index == 0 and option in ("exec", "x"))):
            return None
        index += 2 if option in _CALL_VALUES else 1
    return None


def _doppler(args: tuple[str, ...], start: Exec) -> list[Found] | None:
    at = args.index("--command") if "--command" in args else len(args)
    return _command_text(args[at:], start) if args[:1] == ("run",) and "--" not in args[:at] else None


_CALL_VALUES = frozenset({"-p", "--package", "-w", "--workspace", "--registry"})
_SPECIAL: Mapping[str, Callable[[tuple[str, ...], Exec], list[Found] | None]] = MappingProxyType(
    {
        "env": _env_split,
        "xargs": _xargs,
        "find": _find,
        "fd": _find,
        "parallel": _parallel,
        "flock": _flock,
        "su": _after_dashes,
        "script": _after_dashes,
        "runuser": _runuser,
        "ssh": _ssh,
        "terragrunt": _terragrunt,
        "git": _git,
        "hyperfine": _texts,
        "gdb": _gdb,
        "npx": _call,
        "npm": _call,
        "nix-shell": _command_text,
        "doppler": _doppler,
    }
)
