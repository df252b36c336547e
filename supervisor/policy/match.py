"""Which rules of a scope apply to an action.

An allow applies only where it is certain to speak of the action; an ask or a deny applies where it may. So whatever is
not known for certain moves a decision to the strict side and never to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Connect, Exec, ToolCall, Zone
from supervisor.parse.argv import Certainty, CommandPattern, match_command, programs_of
from supervisor.parse.net import ANY_PORT, HostPattern, match_host, zone_of
from supervisor.policy.compiled import Compiled, HostRule
from supervisor.policy.glob import covers_action, covers_arn, matches, may_name, overlaps
from supervisor.policy.scope import Rule, Rules, Scope
from supervisor.policy.tags import may_be_tagged

UNNAMED_RESOURCE = "*"
_PLACE = re.compile(r"[^:]*:[^:]*:[^:]*:([^:]*):([^:]*):")
INNER: tuple[Zone, ...] = ("metadata", "link-local", "loopback", "private")
"""Zones that a rule has to name, least public first."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that applies, and by which of its patterns; `certain` is false where it only may."""

    rule: Rule
    certain: bool = True
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules alone say. `why` is set where something else than a rule or `otherwise` decided.

    `once` says why no grant may answer it, empty where one may.
    """

    effect: Effect
    section: str
    matches: tuple[Match, ...] = ()
    otherwise: Rules | None = None
    why: str = ""
    once: str = ""


def _best(patterns: Iterable[CommandPattern], start: Exec) -> tuple[Certainty, str]:
    best, text = Certainty.NO, ""
    for pattern in patterns:
        found = match_command(pattern, start)
        if found > best:
            best, text = found, pattern.text
            if found is Certainty.YES:
                break
    return best, text


def certainty(patterns: Iterable[CommandPattern], start: Exec) -> Certainty:
    """How certainly one of the patterns speaks of the start."""
    return _best(patterns, start)[0]


def match_exec(compiled: Compiled, start: Exec) -> tuple[Match, ...]:
    """The command rules that apply to a program start."""
    found = []
    for index in _candidates(compiled, start):
        entry = compiled.commands[index]
        allows = entry.rule.effect is Effect.ALLOW
        if entry.broken:
            if not allows:
                found.append(Match(entry.rule, certain=False))
            continue
        speaks, text = _best(entry.patterns, start)
        if speaks is Certainty.NO or (allows and speaks is not Certainty.YES):
            continue
        out = certainty(entry.except_, start) if entry.except_ else Certainty.NO
        if out is Certainty.YES or (allows and out is Certainty.MAYBE):
            continue
        found.append(Match(entry.rule, certain=speaks is Certainty.YES and out is Certainty.NO, pattern=text))
    return tuple(found)


def _candidates(compiled: Compiled, start: Exec) -> Iterable[int]:
    programs = programs_of(start)
    if not programs:
        return range(len(compiled.commands))
    by_program = compiled.by_program
    named = [by_program[name] for name in programs if name in by_program]
    return sorted({*compiled.always, *(index for indexes in named for index in indexes)})


# ── network ──────────────────────────────────────────────────────────────────────────────────────


def match_connect(compiled: Compiled, wanted: Connect) -> tuple[Match, ...]:
    """The network rules that apply to a connection.

    An address or a range speaks of a name through the addresses that it resolved to: an allow when it covers all of
    them, an ask or a deny when it covers one.
    """
    found = []
    for entry in compiled.hosts:
        allows = entry.rule.effect is Effect.ALLOW
        if entry.broken:
            if not allows:
                found.append(Match(entry.rule, certain=False))
            continue
        text = _speaks_of(entry.patterns, wanted, every=allows)
        if text and not _speaks_of(entry.except_, wanted, every=not allows):
            found.append(Match(entry.rule, pattern=text))
    return tuple(found)


def _speaks_of(patterns: Sequence[HostPattern], wanted: Connect, *, every: bool) -> str:
    """The pattern that speaks of the connection, as it is written; empty where none does."""
    for pattern in patterns:
        if match_host(pattern, wanted.host, wanted.port):
            return pattern.text
    if not wanted.addresses:
        return ""
    used = {
        address: next((one.text for one in patterns if not one.is_any and match_host(one, address, wanted.port)), "")
        for address in wanted.addresses
    }
    found = [text for text in used.values() if text]
    return found[0] if found and (len(found) == len(used) or not every) else ""


def names_inner_address(rules: Iterable[HostRule], wanted: Connect) -> bool:
    """True when an allow or ask names exactly this place, so that it may lie inside: loopback, private, link-local.

    A name opens a private address only. What answers on loopback, link-local and metadata addresses hands out secrets
    of this host, and who controls a name's DNS can point it there: those are named by address, range, or `localhost`.
    """
    patterns = [
        pattern
        for entry in rules
        if entry.rule.effect is not Effect.DENY and not entry.broken
        for pattern in entry.patterns
        if pattern.port in (ANY_PORT, wanted.port)
    ]
    addresses = wanted.addresses or (wanted.host,)
    return all(any(_opens(pattern, wanted, address) for pattern in patterns) for address in addresses)


def _opens(pattern: HostPattern, wanted: Connect, address: str) -> bool:
    zone = _zone(wanted, address)
    if zone in ("public", "unresolved"):
        return True
    if pattern.network is not None:
        # A range that also holds the metadata address was not written for it.
        whole = pattern.network.num_addresses == 1 or zone != "metadata"
        return whole and match_host(pattern, address, wanted.port)
    if not pattern.host:
        return False
    if zone_of(pattern.host) != "unresolved":
        return match_host(pattern, address, wanted.port)
    opened: Zone = "loopback" if pattern.host == "localhost" else "private"
    return zone == opened and match_host(pattern, wanted.host, wanted.port)


def _zone(wanted: Connect, address: str) -> Zone:
    zone = zone_of(address)
    if zone == "unresolved":
        return wanted.zone
    # The gate calls one of this host's own addresses loopback, whatever it looks like.
    return "loopback" if wanted.zone == "loopback" and zone in ("public", "private") else zone


def inner_zone(wanted: Connect) -> Zone:
    """The least public zone that the connection reaches; `public` also where nothing is known of it."""
    zones = {wanted.zone, zone_of(wanted.host), *(zone_of(address) for address in wanted.addresses)}
    return next((zone for zone in INNER if zone in zones), "public")


# ── aws ──────────────────────────────────────────────────────────────────────────────────────────


def match_aws(rules: Sequence[Rule], call: AwsCall) -> tuple[Match, ...]:
    """The aws rules that apply to a call.

    Asks and denies apply when they may speak of one action on one resource. Allows apply together: only when every
    action on every resource is covered by one of them. Of a call that changes something and does not tell what, no
    allow speaks.
    """
    strict = tuple(
        Match(rule, pattern=_named_by(rule, call))
        for rule in rules
        if rule.effect is not Effect.ALLOW and may_apply(rule, call)
    )
    if not call.actions or not (call.resources or call.level in ("list", "read")):
        return strict
    used: set[int] = set()
    for action in call.actions:
        # Which rules speak of the action is the same for all resources, and there may be a thousand of them.
        of_action = [(index, rule) for index, rule in enumerate(rules) if _allows(rule, action, call)]
        for resource in call.resources or (UNNAMED_RESOURCE,):
            index = next((index for index, rule in of_action if _allows_on(rule, resource)), None)
            if index is None:
                return strict
            used.add(index)
    return strict + tuple(Match(rules[index], pattern=_named_by(rules[index], call)) for index in sorted(used))


def may_apply(rule: Rule, call: AwsCall) -> bool:
    """True when an ask or a deny may speak of the call."""
    actions = call.actions or (f"{call.service or '*'}:{call.operation or '*'}",)
    known = bool(call.actions)
    if not any(
        any(_may_be(pattern, action, known) for pattern in rule.patterns)
        and not any(covers_action(pattern, action) for pattern in rule.except_ if known)
        for action in actions
    ):
        return False
    if rule.on and call.resources and not any(may_name(on, arn) for on in rule.on for arn in call.resources):
        return False
    return not rule.where or may_be_tagged(rule, call)


def _named_by(rule: Rule, call: AwsCall) -> str:
    return next((one for one in rule.patterns if any(covers_action(one, action) for action in call.actions)), "")


def _may_be(pattern: str, action: str, known: bool) -> bool:
    if known and "*" not in action:
        return covers_action(pattern, action)
    return overlaps(pattern.lower(), action.lower())


def _allows(rule: Rule, action: str, call: AwsCall) -> bool:
    """True for an allow that speaks of the action on things with these tags, whichever they are."""
    if rule.effect is not Effect.ALLOW or not any(covers_action(pattern, action) for pattern in rule.patterns):
        return False
    if any(overlaps(pattern.lower(), action.lower()) for pattern in rule.except_):
        return False
    return not rule.where or (call.tags is not None and _tagged(rule, call.tags))


def _allows_on(rule: Rule, resource: str) -> bool:
    return not rule.on or any(covers_arn(on, resource) for on in rule.on)


def _tagged(rule: Rule, tags: tuple[tuple[str, str], ...]) -> bool:
    has = dict(tags)
    return all(key in has and has[key] in values for key, values in rule.where)


def outside(scope: Scope, call: AwsCall) -> str:
    """What of the call lies outside of the scope's account and regions, in words; empty = nothing that is known."""
    accounts, regions = {call.account} - {""}, {call.region} - {""}
    for region, account in {place.groups() for place in map(_PLACE.match, call.resources) if place}:
        regions |= {region} - {"", "*"}
        # AWS's own shared things (managed policies, public images) have no customer's account number.
        accounts |= {account} - {"", "*", "aws", "cloudfront"}
    for account in sorted(accounts):
        if scope.account and account != scope.account:
            return f"account {account}, and the scope is for account {scope.account}"
    for region in sorted(regions - {"aws-global"}):
        if scope.regions and region not in scope.regions:
            return f"region {region}, and the scope is for {', '.join(scope.regions)}"
    return ""


# ── mcp ──────────────────────────────────────────────────────────────────────────────────────────


def match_tool(rules: Sequence[Rule], call: ToolCall) -> tuple[Match, ...]:
    """The mcp rules that apply to a tool call; patterns are `server/tool` with `*`."""
    name = f"{call.server}/{call.tool}"
    return tuple(
        Match(rule, pattern=next(pattern for pattern in rule.patterns if matches(pattern, name)))
        for rule in rules
        if any(matches(pattern, name) for pattern in rule.patterns)
        and not any(matches(pattern, name) for pattern in rule.except_)
    )
