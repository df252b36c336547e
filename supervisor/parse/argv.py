"""Command patterns of a scope, and whether a program start matches one."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass
from functools import lru_cache

from supervisor.model.request import Exec
from supervisor.parse.grammar import Grammar
from supervisor.parse.names import program_name
from supervisor.parse.opaque import MARK, is_known
from supervisor.parse.readings import Reading, grammar_of, readings
from supervisor.parse.scan import Certainty, Option, fits, match_words, options_in, same_word

__all__ = ["Certainty", "CommandPattern", "compile_pattern", "match_command"]

_LONGEST = 4096
_SHELL = frozenset("|;&<>`\n")
_FALSE = frozenset({"false", "0", "no", "off", "f", "F", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class CommandPattern:
    """A compiled command rule: a program, its leading words and the options that must be there.

    `program` is the one name of the program (`tofu` is `terraform`), `*` any program; `path` is set where the pattern
    names a file; `tokens` are the arguments as written.
    """

    text: str
    program: str
    path: str
    words: tuple[str, ...]
    options: tuple[Option, ...]
    tokens: tuple[str, ...]


@lru_cache(maxsize=4096)
def compile_pattern(text: str) -> CommandPattern:
    """Compile `PROGRAM [WORD…] [OPTION…]`; `*` stands for any text within one word. Quotes group as in a shell.

    Raises `ValueError` with what is wrong.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a command pattern of {len(text)} characters")
    if any(ord(char) < 32 and char != "\t" for char in text) or "\x7f" in text:
        raise ValueError("a command pattern is one line without control characters")
    try:
        tokens = shlex.split(text)
        quoted = shlex.split(text, posix=False)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if not tokens or not tokens[0]:
        raise ValueError("a command pattern begins with a program")
    for token in quoted:
        if token[0] not in "'\"" and (_SHELL & set(token) or "$(" in token):
            raise ValueError(
                f"{text!r} is shell text: a pattern is one program and its words; write one for each program"
            )
    program, *rest = tokens
    if program.startswith("-"):
        raise ValueError(f"{text!r} begins with an option: a command pattern begins with a program")
    if "=" in program and "/" not in program:
        raise ValueError(f"{text!r} begins with a variable: a command pattern begins with a program")
    if program.endswith("/"):
        raise ValueError(f"{program!r} is a folder: a command pattern begins with a program")
    name = program if "*" in program else program_name(program)
    grammar = grammar_of(name)
    words = [same_word(word, place, grammar) for place, word in enumerate(_words(rest, grammar))]
    options, _ = options_in(rest, grammar, words[0] if words else None)
    return CommandPattern(
        text=text,
        program=name,
        path=program if "/" in program else "",
        words=tuple(words),
        options=tuple(option for option in options if option.certain),
        tokens=tuple(rest),
    )


def _words(rest: list[str], grammar: Grammar) -> list[str]:
    # In a pattern, what follows an option that we do not know is a word: whoever means its value writes `--name=value`.
    words, index = [], 0
    raw = False
    while index < len(rest):
        text = rest[index]
        if raw or not text.startswith("-") or text == "-":
            words.append(text)
        elif text == "--":
            raw = True
        else:
            following = rest[index + 1] if index + 1 < len(rest) else None
            given, _ = options_in((text, following or ""), grammar, words[0] if words else None)
            if given and given[-1].value == following and not given[-1].doubtful and "=" not in text:
                index += 1 if following is not None else 0
        index += 1
    return words


def programs_of(start: Exec) -> frozenset[str]:
    """Every name that a pattern's `program` can match this start by; empty when the program itself is unknown."""
    return frozenset(name for reading in readings(start) for name in reading.names)


def match_command(pattern: CommandPattern, start: Exec) -> Certainty:
    """Whether the pattern matches the start: under every way to read it (YES), under some (MAYBE), under none (NO)."""
    best = Certainty.NO
    for reading in readings(start):
        named = _named(pattern, start, reading)
        if named is Certainty.NO or named <= best:
            continue
        best = max(best, min(named, _match_args(pattern, reading.args)))
        if best is Certainty.YES:
            break
    return best


def _named(pattern: CommandPattern, start: Exec, reading: Reading) -> Certainty:
    if pattern.path:
        return _at_path(pattern.path, start, reading)
    if "*" in pattern.program:
        if pattern.program == "*":
            return Certainty.YES
        if not reading.names:
            return Certainty.MAYBE
        by_name = [fits(pattern.program, name) for name in reading.sure]
        maybe = [min(Certainty.MAYBE, fits(pattern.program, name)) for name in reading.maybe]
        return max([*by_name, *maybe], default=Certainty.NO)
    if pattern.program in reading.sure:
        return Certainty.YES
    if pattern.program in reading.maybe or not reading.names:
        return Certainty.MAYBE
    return Certainty.NO


def _at_path(path: str, start: Exec, reading: Reading) -> Certainty:
    if not reading.names:
        return Certainty.MAYBE
    wanted = posixpath.normpath(posixpath.join(start.cwd, path)) if start.cwd else path
    here = start.script or start.program
    if "*" not in path and is_known(here):
        found = posixpath.normpath(posixpath.join(start.cwd, here)) if start.cwd else here
        if found == wanted and program_name(here) in reading.names:
            return Certainty.YES
    elif fits(wanted, here) is Certainty.YES:
        return Certainty.YES
    # The same program may be reached by another path (links, mounts): the path alone does not rule it out.
    return Certainty.MAYBE if program_name(path) in reading.names else Certainty.NO


def _match_args(pattern: CommandPattern, args: tuple[str, ...]) -> Certainty:
    if not pattern.tokens:
        return Certainty.YES
    grammar = grammar_of(pattern.program)
    same = args if grammar.any_order else args[: len(pattern.tokens)]
    if pattern.tokens == same and not any("*" in token for token in pattern.tokens):
        return Certainty.YES
    result = match_words(pattern.words, args, grammar)
    if result is Certainty.NO or not pattern.options:
        return result
    given, unknown = options_in(args, grammar, pattern.words[0] if pattern.words else None)
    for wanted in pattern.options:
        found = _given(wanted, given, grammar)
        if _implied(pattern, wanted, args):
            found = Certainty.YES
        elif unknown:
            found = max(found, Certainty.MAYBE)
        result = min(result, found)
    return result


def _given(wanted: Option, given: list[Option], grammar: Grammar) -> Certainty:
    found = max((_same_option(wanted, option, grammar) for option in given), default=Certainty.NO)
    if found is not Certainty.NO or wanted.name.startswith("--") or len(wanted.name) == 2 or grammar.style == "go":
        return found
    # `-rf` of a program that we do not know: its letters may stand apart, or in another order.
    names = {option.name for option in given}
    apart = all("-" + letter in names for letter in wanted.name[1:])
    return Certainty.MAYBE if apart else Certainty.NO


def _same_option(wanted: Option, option: Option, grammar: Grammar) -> Certainty:
    if wanted.name != option.name:
        longer = grammar.style == "gnu" and option.name.startswith("--") and len(option.name) > 2
        return Certainty.MAYBE if longer and wanted.name.startswith(option.name) else Certainty.NO
    if MARK in option.name:
        return Certainty.MAYBE
    certain = Certainty.YES if option.certain else Certainty.MAYBE
    if wanted.value is None or wanted.doubtful:
        return Certainty.MAYBE if option.value in _FALSE else certain
    if option.value is None:
        return Certainty.MAYBE if option.doubtful else Certainty.NO
    found = fits(wanted.value, option.value)
    return min(certain, found, Certainty.MAYBE) if option.doubtful else min(certain, found)


def _implied(pattern: CommandPattern, wanted: Option, args: tuple[str, ...]) -> bool:
    # `git push origin +main` forces as `--force` does.
    forced = pattern.program == "git" and pattern.words[:1] == ("push",) and wanted.name in ("--force", "-f")
    return forced and any(arg.startswith("+") for arg in args)
