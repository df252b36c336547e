"""Decisions in words: why in one line, and the narrowest change of the scope that would allow it."""

from __future__ import annotations

import re
import shlex
from typing import assert_never

from supervisor.model.effect import Effect
from supervisor.model.request import Action, AwsCall, Connect, Exec, ToolCall
from supervisor.model.visible import visible
from supervisor.parse.grammar import Grammar
from supervisor.parse.names import base, program_name
from supervisor.parse.opaque import readable
from supervisor.parse.readings import grammar_of
from supervisor.parse.scan import classify
from supervisor.policy.match import Finding, Match
from supervisor.policy.plain import plain_words
from supervisor.policy.resources import common_folder, patterns
from supervisor.policy.scope import Rules, Scope, Source

__all__ = ["canonical_name", "command_for", "explain", "inside", "needs", "pattern_for", "plain_words", "subject"]

_LONGEST = 100
_WORD = re.compile(r"[A-Za-z0-9_.,/@%^+~-][A-Za-z0-9_.:,/@%^+=~-]*\Z")
_VERBS = {Effect.ALLOW: "is allowed", Effect.ASK: "asks", Effect.DENY: "is denied"}
_MOST_WORDS = 3
_MOST_ARNS = 3


def inside(text: str) -> str:
    """Text from outside, for a line of ours: visible, quoted, cut with a count."""
    shown = visible(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}… ({len(text):,} characters)"
    return f"`{shown}`"


def subject(action: Action) -> str:
    """What wants to happen, short and visible."""
    match action:
        case Exec():
            words = tuple(readable(word) for word in action.argv or (action.program,))
            return inside(
                " ".join((base(words[0]), *(word if _WORD.match(word) else shlex.quote(word) for word in words[1:])))
            )
        case Connect():
            return inside(_place(action))
        case AwsCall():
            what = ", ".join(action.actions) or f"{action.service}:{action.operation}"
            if len(action.resources) <= _MOST_ARNS:
                return inside(f"{what} on {', '.join(action.resources)}") if action.resources else inside(what)
            under = common_folder(action.resources)
            told = f"{what} on {len(action.resources):,} resources"
            return inside(f"{told} under {under}" if under else f"{told}, {action.resources[0]} and others")
        case ToolCall():
            return inside(f"{action.server}/{action.tool}")
        case _:
            assert_never(action)


def _place(action: Connect) -> str:
    return f"[{action.host}]:{action.port}" if ":" in action.host else f"{action.host}:{action.port}"


def explain(action: Action, finding: Finding, effect: Effect, eyes: int = 0) -> str:
    """Why, in one line that a tired developer understands."""
    head = f"{subject(action)} {_VERBS[effect]}"
    if eyes > 1 and finding.effect is Effect.ALLOW:
        return f"{head}: the scope wants {eyes} people to agree"
    people = f"; {eyes} people must agree" if eyes > 1 else ""
    if finding.why:
        return f"{head}: {finding.why}{people}"
    deciding = _deciding(finding)
    if deciding is not None:
        rule = deciding.rule
        maybe = "" if deciding.certain else "may be meant by "
        at = f"{rule.source.file}:{rule.source.line}"
        said = f"{rule.effect.word}: {deciding.pattern}" if deciding.pattern else rule.text
        because = f": {rule.because}" if rule.because else ""
        return f"{head}: {maybe}{inside(said)} ({at}){visible(because)}{people}"
    if finding.section == "aws" and finding.otherwise is not None and finding.otherwise == Rules((), Effect.DENY):
        return f"{head}: the scope says nothing about AWS, so nothing of it is allowed"
    source = finding.otherwise.otherwise_source if finding.otherwise else None
    said = f" ({source.file}:{source.line})" if isinstance(source, Source) else ""
    return f"{head}: no rule of {finding.section} names it, and otherwise it {_OTHERWISE[finding.effect]}{said}{people}"


_OTHERWISE = {Effect.ALLOW: "may", Effect.ASK: "asks", Effect.DENY: "is denied"}


def _deciding(finding: Finding) -> Match | None:
    strictest = [match for match in finding.matches if match.rule.effect is finding.effect]
    return next((match for match in strictest if match.certain), strictest[0] if strictest else None)


def needs(action: Action, finding: Finding, scope: Scope) -> str:
    """The narrowest change of the scope that would allow it, in the scope's own notation."""
    pattern = pattern_for(action)
    if not pattern:
        return "a rule that names it; it cannot be told what it is"
    if isinstance(action, AwsCall) and (wanted := _aws_needs(action, finding)):
        return wanted
    deciding = _deciding(finding)
    if deciding is not None and deciding.rule.effect is not Effect.ALLOW:
        at = f"{deciding.rule.source.file}:{deciding.rule.source.line}"
        return f"except: [{pattern}] in the rule at {at}" + (
            "" if _otherwise_allows(finding, scope) else f", and {_rule(action, pattern)}"
        )
    return _rule(action, pattern)


def _aws_needs(call: AwsCall, finding: Finding) -> str:
    """What helps where no rule would; empty where a rule would."""
    if finding.why.startswith("it is in "):
        return "a scope for that account and region"
    if finding.once:
        asked = finding.effect is not Effect.DENY
        return "a human's answer, each time" if asked else "a human who changes that tag outside of this session"
    if not call.resources and call.level not in ("list", "read"):
        return "the resource named in the call, so that it can be told what it changes"
    return ""


def _otherwise_allows(finding: Finding, scope: Scope) -> bool:
    if any(match.rule.effect is Effect.ALLOW for match in finding.matches):
        return True
    return finding.section == "commands" and scope.commands.otherwise is Effect.ALLOW


def _rule(action: Action, pattern: str) -> str:
    match action:
        case Exec():
            return f"commands: {{rules: [{{allow: [{pattern}]}}]}}"
        case Connect():
            return f"network: {{rules: [{{allow: [{pattern}]}}]}}"
        case AwsCall():
            on = ", ".join(_scalar(arn) for arn in patterns(action.resources, _MOST_ARNS) or action.resources[:1])
            where = f", on: [{on}]" if on else ""
            return f"aws: {{rules: [{{allow: [{pattern}]{where}}}]}}"
        case ToolCall():
            return f"mcp: {{rules: [{{allow: [{pattern}]}}]}}"
        case _:
            assert_never(action)


def pattern_for(action: Action) -> str:
    """The narrowest pattern that a rule could name the action by; empty where nothing is known to name."""
    match action:
        case Exec():
            return _scalar(command_for(action))
        case Connect():
            literal = _zone_literal(action)
            return ", ".join(_scalar(place) for place in literal) if literal else _scalar(_place(action))
        case AwsCall():
            return ", ".join(_scalar(name) for name in action.actions)
        case ToolCall():
            return _scalar(f"{action.server}/{action.tool}")
        case _:
            assert_never(action)


def _zone_literal(action: Connect) -> tuple[str, ...]:
    # A name does not open these: they are named by address.
    if action.zone not in ("loopback", "link-local", "metadata") or action.host == "localhost":
        return ()
    return tuple(f"[{one}]:{action.port}" if ":" in one else f"{one}:{action.port}" for one in action.addresses)


def canonical_name(start: Exec) -> str:
    """What a start is: its script, its content's name or its file's, in that order."""
    return program_name(start.script or (start.known_as[0] if start.known_as else start.program))


def command_for(start: Exec) -> str:
    """Program and leading words of a start, as a command pattern; options in front of the first word are left out."""
    name, args = canonical_name(start), start.argv[1:]
    called = base(start.argv[0]) if start.argv else ""
    if name == "git" and called.startswith("git-"):
        args = (called.removeprefix("git-"), *args)
    words: list[str] = []
    for word in args[_first_word(args, grammar_of(name)) :]:
        if not _WORD.match(word) or word.startswith("-") or len(words) == _MOST_WORDS:
            break
        words.append(word)
    return " ".join((visible(name), *words))


def _first_word(args: tuple[str, ...], grammar: Grammar) -> int:
    """Where the options in front of the first word end, as far as they are known; an unknown one is no word."""
    index = 0
    while index < len(args):
        found = classify(args[index], args[index + 1] if index + 1 < len(args) else None, grammar, None)
        if not found.option or len(found.steps) != 1:
            break
        index += found.steps[0]
    return index


def _scalar(text: str) -> str:
    """One plain or quoted YAML scalar for a flow sequence."""
    shown = visible(text)
    plain = (
        re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./@:+ -]*", shown)
        and ": " not in shown
        and not shown.endswith((":", " "))
    )
    return shown if plain else '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
