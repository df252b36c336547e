"""What a call to AWS is, for the policy: IAM actions, ARNs, level, tags and notes of one understood request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from supervisor.model.request import AccessLevel, AwsCall
from supervisor.parse.aws_facts.conditions import met
from supervisor.parse.aws_facts.names import Place, account_of, is_arn, place_of, text_of
from supervisor.parse.aws_facts.paths import texts_in, values_at
from supervisor.parse.aws_facts.special import Special
from supervisor.parse.aws_facts.table import ORDER, Extra, Operation, action, operation, prefix_of
from supervisor.parse.aws_facts.tags import tags_of
from supervisor.parse.aws_facts.templates import Template, filled
from supervisor.parse.aws_http.request import AwsRequest

GLOBAL = "aws-global"
"""The region of calls that have none (IAM, Route 53, CloudFront, …), as `policy.match` knows it."""
_MOST_NODES = 100_000
_Found = tuple[set[str], "dict[str, None] | None"]


def facts_of(request: AwsRequest, *, account: str) -> AwsCall:
    """The facts of a call that the credentials of `account` would make. Never raises.

    `service` is botocore's name for it, or IAM's prefix where no action is known, so that a deny of the prefix reaches
    the call. `account` of the answer is another one than was given where the call names that one and nothing else of
    what it touches can be told. `request_tags` have the keys that the call would take away with an empty value.
    """
    known: list[Operation] = []
    for service, name in request.names:
        found = operation(service, name)
        if found is None:
            return _unknown(request, account)
        if found not in known:
            known.append(found)
    if not known:
        return _unknown(request, account)
    calls = [_call(request, one, account) for one in known]
    return calls[0] if len(calls) == 1 else _union(calls)


def _unknown(request: AwsRequest, account: str) -> AwsCall:
    service, name = request.names[0] if request.names else ("", "")
    foreign = _foreign(request.parameters, (), account)
    return AwsCall(
        (),
        (),
        prefix_of(service),
        name,
        request.region,
        account_of(foreign[0]) if foreign else account,
    )


def _call(request: AwsRequest, known: Operation, account: str) -> AwsCall:
    parameters = request.parameters
    place = place_of(request.region, account)
    owner = _owner(known, parameters, place)
    actions, resources = set(known.actions), None
    if owner is not None:
        more, resources = _resources(known, parameters, owner)
        actions |= more
    if resources is None:
        actions.update(known.unclear_actions)
    foreign = _foreign(parameters, known.data, account)
    if foreign is None:
        foreign, resources = (), None
    acting = account if owner is None or owner.account == place.account else owner.account
    if resources is not None:
        resources.update(dict.fromkeys(foreign))
    elif foreign:
        acting = account_of(foreign[0])
    certain = known.known and bool(actions)
    return AwsCall(
        actions=tuple(sorted(actions)) if certain else (),
        resources=tuple(resources) if resources and certain else (),
        service=request.service if certain else known.prefix,
        operation=request.operation,
        region=GLOBAL if known.is_global else request.region,
        account=acting,
        notes=tuple(note.text for note in known.notes if met(note.when, parameters)),
        level=_level(known, actions),
        request_tags=tags_of(known, parameters),
    )


def _level(known: Operation, actions: set[str]) -> AccessLevel:
    """The strictest level; of an action that IAM does not list, the strictest there is."""
    level = known.level
    for name in actions.difference(known.actions):
        found = action(name)
        level = max(level, found.level if found else "permissions", key=ORDER.index)
    return level


def _owner(known: Operation, parameters: object, place: Place) -> Place | None:
    """The place of what the call touches: some services take the account as a member."""
    if not known.owner:
        return place
    values = values_at(parameters, known.owner)
    if values == []:
        return place
    text = text_of(values[0]) if values else None
    if text is None or len(text) != 12 or not text.isdigit() or not text.isascii():
        return None
    return replace(place, account=text) if text != place.account else place


def _resources(known: Operation, parameters: object, place: Place) -> _Found:
    """Further actions, and what the call touches; `None` when that cannot be told."""
    actions: set[str] = set()
    arns: dict[str, None] = {}
    told = True
    for one in known.on:
        told = _add(one, parameters, place, actions, arns) and told
    told = _more(known.extras, parameters, place, actions, arns) and told
    if arns:
        for texts, wide in known.needs:
            if not any(filled(made, parameters, place) for made in texts):
                arns.update(dict.fromkeys(filled(wide, parameters, place) or ()))
    for made in known.always:
        arns.update(dict.fromkeys(filled(made, parameters, place) or ()))
    if not arns:
        for made in known.otherwise:
            arns.update(dict.fromkeys(filled(made, parameters, place) or ()))
    told = told and bool(arns)
    for one in known.passed:
        told = _add(one, parameters, place, actions, arns) and told
    told = _more(known.dependents, parameters, place, actions, arns) and told
    return actions, arns if told else None


def _more(extras: Iterable[Extra], parameters: object, place: Place, actions: set[str], arns: dict[str, None]) -> bool:
    told = True
    for extra in extras:
        if met(extra.when, parameters):
            actions.update(extra.actions)
            for one in extra.on:
                told = _add(one, parameters, place, actions, arns) and told
    return told


def _add(one: Template | Special, parameters: object, place: Place, actions: set[str], arns: dict[str, None]) -> bool:
    if isinstance(one, Template):
        named = filled(one, parameters, place)
    else:
        found = one.read(parameters, place)
        named = None
        if found is not None:
            actions.update(found[0])
            named = found[1]
    if named is None:
        return False
    for arn in named:
        arns.setdefault(arn)
    return True


def _foreign(parameters: object, data: Iterable[str], account: str) -> tuple[str, ...] | None:
    """The ARNs of other accounts that stand anywhere in the input but in the data that the service only stores.

    `None` when there is too much of it to look at.
    """
    texts = texts_in(parameters, tuple(data), _MOST_NODES)
    if texts is None:
        return None
    found: dict[str, None] = {}
    for text in texts:
        if text.startswith("arn:") and (owner := account_of(text)) and owner != account and is_arn(text):
            found.setdefault(text)
    return tuple(found)


def _union(calls: list[AwsCall]) -> AwsCall:
    """One call for several readings: every action, every resource, the strictest level."""
    first = calls[0]
    level: AccessLevel = max((call.level for call in calls), key=ORDER.index)
    told = all(call.resources for call in calls)
    certain = all(call.actions for call in calls)
    return replace(
        first,
        actions=tuple(sorted({name for call in calls for name in call.actions})) if certain else (),
        resources=tuple(dict.fromkeys(arn for call in calls for arn in call.resources)) if told else (),
        account=next((call.account for call in calls if call.account != first.account), first.account),
        notes=tuple(dict.fromkeys(note for call in calls for note in call.notes)),
        level=level,
        request_tags=tuple(dict.fromkeys(pair for call in calls for pair in call.request_tags)),
    )
