"""Grants on offer for a question, narrowest first, and what a grant covers."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from supervisor.model.decision import Decision
from supervisor.model.grant import AwsMatcher, ConnectMatcher, ExecMatcher, GrantOffer, Matcher, ToolMatcher
from supervisor.model.request import Action, AwsCall, Connect, Exec, Request, ToolCall
from supervisor.model.visible import visible
from supervisor.parse.command import inner
from supervisor.parse.names import base, program_name
from supervisor.parse.net import host_name
from supervisor.parse.readings import MULTICALL
from supervisor.policy.explain import canonical_name, inside
from supervisor.policy.glob import covers_action, covers_arn
from supervisor.policy.resources import common_folder, folders_of, is_exact, is_object

MINUTES_EXACT = 60
MINUTES_WIDER = 30
MOST_EXACT = 100
"""Resources that a grant lists one by one."""
MOST_FOLDERS = 3


def offers(request: Request, decision: Decision) -> tuple[GrantOffer, ...]:
    """What may be kept of an allow, narrowest first; nothing where it is allowed once at a time only."""
    if decision.irreversible or decision.four_eyes > 1 or decision.once:
        return ()
    action = request.action
    match action:
        case Exec():
            made = _exec_offers(action)
        case Connect():
            label = f"connections to {visible(action.host)}, port {action.port}"
            made = (GrantOffer(label, ConnectMatcher(action.host, action.port), MINUTES_WIDER),)
        case AwsCall():
            made = _aws_offers(action)
        case ToolCall():
            tool = f"{visible(action.server)}/{visible(action.tool)}"
            made = (
                GrantOffer(
                    f"{tool} with these arguments",
                    ToolMatcher(action.server, action.tool, action.arguments),
                    MINUTES_EXACT,
                ),
                GrantOffer(f"{tool} with any arguments", ToolMatcher(action.server, action.tool), MINUTES_WIDER),
            )
        case _:
            assert_never(action)
    most = decision.condition.minutes if decision.condition else None
    return tuple(
        offer if most is None or offer.minutes <= most else replace(offer, minutes=most)
        for offer in made
        if covers(offer.matcher, action)
    )


def _exec_offers(start: Exec) -> tuple[GrantOffer, ...]:
    name, words = _name(start), start.argv[1:]
    if not name:
        return ()
    exact = ExecMatcher(name, words, start.cwd, exact=True, sha256=start.sha256)
    made = [GrantOffer("exactly this command, in this folder", exact, MINUTES_EXACT)]
    leading = _leading(words)
    for count in sorted({len(leading), 2, 1} & set(range(1, len(leading) + 1)), reverse=True):
        shown = inside(" ".join((name, *leading[:count])))
        here = ExecMatcher(name, leading[:count], start.cwd, sha256=start.sha256)
        made.append(GrantOffer(f"{shown} and whatever follows, in this folder", here, MINUTES_WIDER))
    return tuple(made)


def _leading(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words in front of the first option, at most three."""
    count = next((index for index, word in enumerate(words) if not word or word.startswith("-")), len(words))
    return words[: min(count, 3)]


def _aws_offers(call: AwsCall) -> tuple[GrantOffer, ...]:
    arns = call.resources
    if not call.actions or not arns or not all(is_exact(arn) for arn in arns):
        return ()
    what = inside(", ".join(call.actions))
    made = []
    if len(arns) <= MOST_EXACT:
        these = "exactly this" if len(arns) == 1 else f"exactly these {len(arns)}"
        made.append(GrantOffer(f"{what} on {these}", AwsMatcher(call.actions, arns), MINUTES_EXACT))
    if all(is_object(arn) for arn in arns):
        wider = {folders_of(arns, MOST_FOLDERS): None, (common_folder(arns),): None}
        for folders in wider:
            if folders and all(folders):
                covered = tuple(f"{one}*" for one in folders)
                label = f"{what} on {inside(', '.join(covered))}"
                made.append(GrantOffer(label, AwsMatcher(call.actions, covered), MINUTES_WIDER))
    return tuple(made)


def _name(start: Exec) -> str:
    """The one name that a grant can know the start by; empty where what it is called is not what it is."""
    truly = canonical_name(start)
    called = program_name(base(start.argv[0]).lstrip("-")) if start.argv else truly
    if called == truly or (not start.script and truly in MULTICALL):
        return called
    return ""


# ── what a grant covers ──────────────────────────────────────────────────────────────────────────


def covers(matcher: Matcher, action: Action) -> bool:
    """True when the grant's matcher speaks of the action for certain."""
    match matcher, action:
        case ExecMatcher(), Exec():
            return _covers_exec(matcher, action)
        case ConnectMatcher(), Connect():
            return matcher.port == action.port and _covers_host(matcher.host, action.host)
        case AwsMatcher(), AwsCall():
            return _covers_call(matcher, action)
        case ToolMatcher(), ToolCall():
            same = (matcher.server, matcher.tool) == (action.server, action.tool)
            return same and matcher.arguments in ("", action.arguments)
        case _:
            return False


def _covers_exec(matcher: ExecMatcher, start: Exec) -> bool:
    if not matcher.program or program_name(matcher.program) != _name(start):
        return False
    if matcher.sha256 and matcher.sha256 != start.sha256:
        return False
    if matcher.cwd and matcher.cwd != start.cwd:
        return False
    # These put words into the command line that stand in no argument list.
    if any(name.startswith("TF_CLI_ARGS") and value for name, value in start.env):
        return False
    if matcher.exact:
        return matcher.words == start.argv[1:]
    if not matcher.words or matcher.words != start.argv[1 : len(matcher.words) + 1]:
        return False
    # `ssh host …`, `env …`, `bash -c …`: what follows is another program, which those words say nothing about.
    return not inner(start)


def _covers_host(pattern: str, host: str) -> bool:
    try:
        if pattern.startswith("*."):
            return host_name(host).endswith("." + host_name(pattern[2:]))
        return host_name(pattern) == host_name(host)
    except ValueError:
        return False


def _covers_call(matcher: AwsMatcher, call: AwsCall) -> bool:
    if not call.actions or not call.resources:
        return False
    if not all(any(covers_action(pattern, action) for pattern in matcher.actions) for action in call.actions):
        return False
    return all(any(covers_arn(pattern, arn) for pattern in matcher.resources) for arn in call.resources)
