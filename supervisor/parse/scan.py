"""A walk over a program's arguments under its grammar, following every way in which they may be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from supervisor.parse.grammar import Grammar
from supervisor.parse.opaque import MARK, may_be_many


class Certainty(IntEnum):
    """Whether a pattern matches: under no reading, under some, under every one."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Arg:
    """How one argument may be read in front of the raw part: as a word, as an option, or as either.

    `steps` are how many arguments it may take up: 1 alone, 2 with the next one as its value.
    """

    text: str
    word: bool
    steps: tuple[int, ...]
    option: bool
    end: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An option that stands in the arguments; `value` `None` = none, or not known when `doubtful`."""

    name: str
    value: str | None
    certain: bool
    doubtful: bool = False


_ALONE, _WITH_VALUE, _EITHER = (1,), (2,), (1, 2)


def option_name(text: str, grammar: Grammar, word: str | None) -> str:
    """The option without its `=value`, in the one spelling of its program."""
    name = text.partition("=")[0]
    if grammar.style == "go":
        name = "-" + name.lstrip("-")
    return grammar.same_option(name, word)


def classify(text: str, following: str | None, grammar: Grammar, word: str | None) -> Arg:
    """How `text` may be read behind the sub-command `word` (`None` = in front of it)."""
    if text == "--":
        return Arg(text, word=False, steps=_ALONE, option=False, end=True)
    if text.startswith(MARK):
        return Arg(text, word=True, steps=_EITHER, option=True)
    if not text.startswith("-") or text == "-":
        return Arg(text, word=True, steps=_ALONE, option=False)
    return Arg(text, word=False, steps=_steps(text, following, grammar, word), option=True)


def _steps(text: str, following: str | None, grammar: Grammar, word: str | None) -> tuple[int, ...]:
    if "=" in text.partition(MARK)[0]:
        return _ALONE
    if MARK in text:
        return _EITHER
    whole = "-" + text.lstrip("-") if grammar.style == "go" else text
    if whole in grammar.numbers:
        return _WITH_VALUE if following is not None and following.isdecimal() else _ALONE
    takes = grammar.takes(whole, word)
    if takes is not None:
        return _WITH_VALUE if takes else _ALONE
    if grammar.style == "go" or text.startswith("--"):
        return _EITHER
    if text[1:].isdecimal():
        return _ALONE
    for index, letter in enumerate(text[1:], start=1):
        takes = grammar.takes("-" + letter, word)
        if "-" + letter in grammar.numbers and text[index + 1 :].isdecimal():
            return _ALONE
        if takes:
            return _WITH_VALUE if index == len(text) - 1 else _ALONE
        if takes is None:
            return _EITHER
    return _ALONE


def fits(pattern: str, word: str) -> Certainty:
    """A pattern word against an argument: `*` in the pattern is any text, marked pieces of the argument are unknown."""
    if MARK not in word:
        if "*" not in pattern:
            return Certainty.YES if pattern == word else Certainty.NO
        return Certainty.YES if _glob(pattern, word) else Certainty.NO
    if pattern == "*" and not may_be_many(word):
        return Certainty.YES
    pieces = word.split(MARK)[::2]
    if "*" not in pattern and not (pattern.startswith(pieces[0]) and pattern.endswith(pieces[-1])):
        return Certainty.NO
    return Certainty.MAYBE


def _glob(pattern: str, text: str) -> bool:
    # Greedy from both ends: linear in the text for each piece, no backtracking.
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def same_word(text: str, place: int, grammar: Grammar) -> str:
    """The word's one spelling at `place`: kubectl's `po/web` is `pod` there."""
    if place not in grammar.same_at or not grammar.same_words:
        return text
    if grammar.kinds:
        text = text.partition("/")[0].partition(".")[0].lower()
    return grammar.same_words.get(text, text)


def _step_word(words: Sequence[str], place: int, text: str, grammar: Grammar) -> Certainty:
    wanted = words[place]
    found = max(fits(wanted, text), fits(wanted, same_word(text, place, grammar)))
    if found is not Certainty.NO:
        return found
    if grammar.abbreviates and text and wanted.startswith(text):
        return Certainty.MAYBE
    if place == 0 and grammar.known_words is not None and text not in grammar.known_words:
        return Certainty.MAYBE
    if grammar.kinds and place in grammar.same_at and "," in text:
        return Certainty.MAYBE
    return Certainty.NO


def _may_begin(wanted: str, text: str, grammar: Grammar) -> bool:
    """Whether a word whose beginning alone is known may turn out to be the wanted one."""
    known = text.partition(MARK)[0]
    renamed = bool(grammar.same_words) or grammar.abbreviates or grammar.known_words is not None
    return renamed or "*" in wanted or wanted.startswith(known)


def match_words(words: Sequence[str], args: Sequence[str], grammar: Grammar) -> Certainty:
    """Whether `words` are the leading words of `args`. Linear in the arguments times the words."""
    count = len(words)
    if not count:
        return Certainty.YES
    if grammar.any_order:
        return _match_tasks(words, args, grammar)
    can_match = can_fail = False
    here: set[tuple[int, bool]] = {(0, False)}
    one: set[tuple[int, bool]] = set()
    two: set[tuple[int, bool]] = set()
    for index, text in enumerate(args):
        following = args[index + 1] if index + 1 < len(args) else None
        for place, raw in here:
            sub = words[0] if place else None
            arg = Arg(text, True, _ALONE, False) if raw else classify(text, following, grammar, sub)
            if arg.end:
                one.add((place, True))
                continue
            if arg.option:
                if 1 in arg.steps:
                    one.add((place, raw))
                if 2 in arg.steps:
                    two.add((place, raw))
            if may_be_many(text):
                can_fail = True
                if arg.option or _may_begin(words[place], text, grammar):
                    can_match = True
                    one.update((later, ends) for later in range(place, count) for ends in (False, True))
                continue
            if not arg.word:
                continue
            found = _step_word(words, place, text, grammar)
            if found is not Certainty.YES:
                can_fail = True
            if found is not Certainty.NO:
                if place + 1 == count:
                    can_match = True
                else:
                    one.add((place + 1, raw))
        here, one, two = one, two, set()
        if not here and not one:
            break
    if here or one:
        can_fail = True
    return Certainty.NO if not can_match else Certainty.MAYBE if can_fail else Certainty.YES


def _match_tasks(words: Sequence[str], args: Sequence[str], grammar: Grammar) -> Certainty:
    # Each task of `make build deploy` runs: a pattern that names one of them matches, but does not cover the others.
    tasks, doubtful = possible_words(args, grammar)
    tasks = [task for task in tasks if "=" not in task.partition(MARK)[0]]
    if not doubtful and list(words) == tasks:
        return Certainty.YES
    named = all(any(fits(word, task) is not Certainty.NO for task in tasks) for word in words)
    return Certainty.MAYBE if named or any(may_be_many(task) for task in tasks) else Certainty.NO


def possible_words(args: Sequence[str], grammar: Grammar) -> tuple[list[str], bool]:
    """Every argument that may be a word, and whether any of them may be something else."""
    found: list[str] = []
    doubtful = raw = False
    positions = _positions(args, grammar, None)
    for text, (possible, certain, after_end, arg) in zip(args, positions, strict=True):
        raw = after_end
        if possible and (raw or arg.word):
            found.append(text)
            doubtful = doubtful or not certain or MARK in text
    return found, doubtful


def _positions(args: Sequence[str], grammar: Grammar, word: str | None) -> list[tuple[bool, bool, bool, Arg]]:
    """For each argument: may it stand by itself, does it surely, is it behind `--`, and how it reads."""
    result = []
    possible, skipped, raw = True, False, False
    for index, text in enumerate(args):
        following = args[index + 1] if index + 1 < len(args) else None
        arg = Arg(text, True, _ALONE, False) if raw else classify(text, following, grammar, word)
        result.append((possible, possible and not skipped, raw, arg))
        if possible and arg.end and not skipped:
            raw = True
        # A reading that jumped over this argument goes on behind it.
        possible, skipped = skipped or (possible and 1 in arg.steps), possible and 2 in arg.steps
    return result


def options_in(args: Sequence[str], grammar: Grammar, word: str | None) -> tuple[list[Option], bool]:
    """The options among `args`, and whether words that only the shell knows may be further ones."""
    found: list[Option] = []
    unknown = False
    for index, (possible, certain, raw, arg) in enumerate(_positions(args, grammar, word)):
        unknown = unknown or (possible and not raw and arg.text.startswith(MARK)) or may_be_many(arg.text)
        if not possible or raw or not arg.option or arg.text.startswith(MARK):
            continue
        following = args[index + 1] if index + 1 < len(args) else None
        found.extend(_options(arg, following, certain, grammar, word))
    return found, unknown


def _options(arg: Arg, following: str | None, certain: bool, grammar: Grammar, word: str | None) -> list[Option]:
    text = arg.text
    name, equals, value = text.partition("=")
    if equals:
        return [Option(option_name(name, grammar, word), value, certain, MARK in text)]
    if grammar.style == "go" or text.startswith("--") or len(text) == 2 or grammar.takes(text, word) is not None:
        taken = following if 2 in arg.steps else None
        return [Option(option_name(text, grammar, word), taken, certain, arg.steps == _EITHER or MARK in text)]
    letters = {"-" + letter for letter in text[1:]}
    # A program that we do not know may as well call one option so: `java -jar`.
    spelled = all(grammar.takes(letter, word) is not None for letter in letters)
    cluster = [] if spelled else [Option(text, None, certain)]
    for index, letter in enumerate(text[1:], start=1):
        name = "-" + letter
        takes = grammar.takes(name, word)
        if takes:
            attached = text[index + 1 :] or following
            cluster.append(Option(option_name(name, grammar, word), attached, certain, MARK in text))
            break
        # A letter that we do not know may take the rest as its value, or be part of one long name.
        certain = certain and spelled
        cluster.append(Option(option_name(name, grammar, word), None, certain, takes is None))
    return cluster
