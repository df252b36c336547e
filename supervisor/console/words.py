"""Requests in words: what would happen first, the raw call after it. Everything returned went through `visible`."""

from __future__ import annotations

import json
import shlex
from typing import assert_never

from supervisor.console import aws_words
from supervisor.model.decision import Decision
from supervisor.model.grant import AwsMatcher, ConnectMatcher, ExecMatcher, Matcher, PathMatcher, ToolMatcher
from supervisor.model.request import Action, AwsCall, Connect, Exec, Process, Request, ToolCall
from supervisor.model.visible import visible

MOST_LISTED = 8


def issuer_name(issuer: str) -> str:
    """Who vouches for a user: the host of an issuer, or the session itself."""
    if issuer.startswith("urn:agent-supervise:"):
        return "vouched for by this session"
    return visible(issuer.partition("://")[2].partition("/")[0] or issuer)


def base(path: str) -> str:
    """The last part of a path, visible."""
    return visible(path.rstrip("/").rpartition("/")[2] or path)


def _file(action: Exec) -> str:
    """The file that was asked for: a script, not its interpreter."""
    return action.script or action.program


def name_of(action: Action) -> str:
    """The shortest name by which equal things are counted together: a program, a host and port, an action, a tool."""
    match action:
        case Exec():
            return base(action.known_as[0] if action.known_as else _file(action))
        case Connect():
            return visible(f"{action.host}:{action.port}")
        case AwsCall():
            return aws_words.action_names(action)
        case ToolCall():
            return visible(f"{action.server}/{action.tool}")
        case _:
            assert_never(action)


def short(action: Action) -> str:
    """The request in one line, uncut: the caller cuts it to the room it has."""
    match action:
        case Exec():
            return " ".join((base(action.argv[0] if action.argv else _file(action)), *_quoted(action.argv[1:])))
        case Connect():
            return f"{visible(action.method)} {name_of(action)}{visible(action.path)}"
        case AwsCall():
            return aws_words.short(action)
        case ToolCall():
            return f"{name_of(action)} {visible(action.arguments)}"
        case _:
            assert_never(action)


def _quoted(words: tuple[str, ...]) -> list[str]:
    return [shlex.quote(visible(word)) for word in words]


def _brief(word: str) -> str:
    return word if len(word) <= 40 else f"{word[:39]}…"


def headline(action: Action) -> str:
    """What happens if this is allowed, as a sentence begins."""
    match action:
        case Exec():
            words = [name_of(action)]
            words += [shlex.quote(visible(word)) for word in action.argv[1:] if not word.startswith("-")][:2]
            return "Start " + " ".join(_brief(word) for word in words)
        case Connect():
            return f"Connect to {name_of(action)}"
        case AwsCall():
            return aws_words.headline(action)
        case ToolCall():
            return f"Call the tool {name_of(action)}"
        case _:
            assert_never(action)


def effects(action: Action) -> list[tuple[str, str]]:
    """What a reader has to know about the effect, as (label, text), most telling first."""
    match action:
        case Exec():
            return _exec_effects(action)
        case Connect():
            lines = [("to", f"{visible(action.zone)} address {visible(', '.join(action.addresses)) or 'not resolved'}")]
            if action.method == "CONNECT":
                lines.append(("how", "an encrypted tunnel: what is sent through it is not seen"))
            return lines
        case AwsCall():
            return aws_words.effects(action)
        case ToolCall():
            return []
        case _:
            assert_never(action)


def _exec_effects(action: Exec) -> list[tuple[str, str]]:
    lines = []
    called = base(action.argv[0] if action.argv else _file(action))
    if action.known_as and called not in {base(name) for name in action.known_as}:
        lines.append(("note", f"its content is {visible(', '.join(action.known_as))}, it is called {called} here"))
    if action.script:
        by = " ".join((visible(action.program), *_quoted(action.hashbang)))
        lines.append(("runs", f"a script, by {by}"))
    lines.append(("in", visible(action.cwd)))
    lines += [("env", visible(f"{key}={value}")) for key, value in action.env]
    return lines


def raw(action: Action) -> tuple[str, str]:
    """The whole call as (how much of what, text): nothing is left out, line feeds stay line feeds for tool calls."""
    match action:
        case Exec():
            file = _file(action)
            text = " ".join((shlex.quote(visible(file)), *_quoted(action.argv[1:])))
            if action.argv and action.argv[0] not in (file, file.rpartition("/")[2]):
                text += f"\n(argv[0] is {shlex.quote(visible(action.argv[0]))})"
            return _plural(len(action.argv), "word"), text
        case Connect():
            return "1 connection", f"{visible(action.method)} {name_of(action)}{visible(action.path)}"
        case AwsCall():
            return aws_words.raw(action)
        case ToolCall():
            return "arguments", f"{name_of(action)}\n{_pretty(action.arguments)}"
        case _:
            assert_never(action)


def _pretty(arguments: str) -> str:
    try:
        text = json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = arguments
    return visible(text, keep_newlines=True)


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def started_by(chain: tuple[Process, ...], arrow: str = "←") -> str:
    """The processes that led here, nearest first."""
    return f" {arrow} ".join(f"{base(process.program)} {process.pid}" for process in chain)


def why(decision: Decision) -> str:
    """Why the policy said so, in one line."""
    if decision.once and not _by_rule(decision):
        return visible(decision.once)
    because = decision.rules[0].because if decision.rules else ""
    said = because or decision.explain or (decision.rules[0].text if decision.rules else "no rule matches")
    return visible(f"{said}; {decision.once}" if decision.once else said)


def place(decision: Decision) -> str:
    """`file:line` of the strictest rule that matched; empty when something else decided."""
    if not decision.rules or (decision.once and not _by_rule(decision)):
        return ""
    return visible(f"{decision.rules[0].file}:{decision.rules[0].line}")


def _by_rule(decision: Decision) -> bool:
    """True when a rule says as much as was decided."""
    return bool(decision.rules) and decision.rules[0].effect is decision.effect


def covers(matcher: Matcher) -> str:
    """What a grant answers, in words."""
    match matcher:
        case ExecMatcher():
            words = " ".join((visible(matcher.program), *_quoted(matcher.words)))
            where = f" in {visible(matcher.cwd)}" if matcher.cwd else ""
            return f"exactly {words}{where}" if matcher.exact else f"{words} …{where}"
        case ConnectMatcher():
            return visible(f"connections to {matcher.host}:{matcher.port}")
        case AwsMatcher():
            listed, more = matcher.resources[:MOST_LISTED], len(matcher.resources) - MOST_LISTED
            others = f" and {more:,} more" if more > 0 else ""
            return visible(f"{', '.join(matcher.actions)} on {', '.join(listed)}{others}")
        case ToolMatcher():
            arguments = "with these arguments" if matcher.arguments else "with any arguments"
            return visible(f"{matcher.server}/{matcher.tool} {arguments}")
        case PathMatcher():
            return visible(f"{'reading and writing' if matcher.write else 'reading'} {matcher.path}")
        case _:
            assert_never(matcher)


def title(request: Request, *, most: int = 400) -> str:
    """The request in one line for lists: at most `most` characters, and a count of what is not shown."""
    text = short(request.action)
    return text if len(text) <= most else f"{text[:most]}… +{len(text) - most:,} characters"
