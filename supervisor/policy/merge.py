"""What a scope extends, merged into it: rules add up, and of everything else the stricter counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from supervisor.model.codec import canonical
from supervisor.model.effect import Effect
from supervisor.policy.document import Problems
from supervisor.policy.limits import strictest
from supervisor.policy.scope import Approvals, Exposed, Files, Rules, Scope, Section, Terraform
from supervisor.policy.sections import Stated

_LEFT_OUT = Files(write=())


def merge(stated: Stated, parents: Sequence[Scope], problems: Problems) -> Scope:
    """The scope that a file states, with its parents' rules in front of its own."""
    return Scope(
        name=stated.name,
        task=stated.task,
        digest="",
        source=stated.source,
        expires=_shortest((stated.expires, *(parent.expires for parent in parents))),
        account=_account(stated, parents, problems),
        regions=_regions(stated, parents, problems),
        aws=_rules("aws", stated, [parent.aws for parent in parents]),
        commands=_rules("commands", stated, [parent.commands for parent in parents]),
        network=_rules("network", stated, [parent.network for parent in parents]),
        expose=_exposed(stated, parents, problems),
        mcp=_rules("mcp", stated, [parent.mcp for parent in parents]),
        mcp_servers=tuple(
            {
                server.name: server
                for servers in (*(parent.mcp_servers for parent in parents), stated.mcp_servers)
                for server in servers
            }.values()
        ),
        files=_files(stated, parents),
        limits=strictest((stated.limits, *(parent.limits for parent in parents))),
        terraform=_terraform(stated, parents),
        opa=tuple(dict.fromkeys([*(server for parent in parents for server in parent.opa), *stated.policy.opa])),
        settings=_settings(stated, parents),
        approvals=Approvals(
            _shortest((stated.wait, *_waits(parents))) or Approvals().wait,
            tuple(
                dict.fromkeys([*(eyes for parent in parents for eyes in parent.approvals.four_eyes), *stated.four_eyes])
            ),
            _shortest((stated.use_within, *_uses(parents))) or Approvals().use_within,
        ),
        examples=stated.examples,
        extends=tuple(name for name, _ in stated.extends),
    )


def _waits(parents: Sequence[Scope]) -> Iterable[timedelta | None]:
    default = Approvals().wait
    return (parent.approvals.wait if parent.approvals.wait != default else None for parent in parents)


def _uses(parents: Sequence[Scope]) -> Iterable[timedelta | None]:
    default = Approvals().use_within
    return (parent.approvals.use_within if parent.approvals.use_within != default else None for parent in parents)


def _shortest(spans: Iterable[timedelta | None]) -> timedelta | None:
    return min((span for span in spans if span is not None), default=None)


def _account(stated: Stated, parents: Sequence[Scope], problems: Problems) -> str:
    accounts = {account for account in (stated.account, *(parent.account for parent in parents)) if account}
    if len(accounts) > 1:
        problems.add(
            stated.source, f"two AWS accounts at once: {', '.join(sorted(accounts))}", "extend scopes of one account"
        )
    return next(iter(sorted(accounts)), "")


def _regions(stated: Stated, parents: Sequence[Scope], problems: Problems) -> tuple[str, ...]:
    lists = [regions for regions in (*(parent.regions for parent in parents), stated.regions) if regions]
    if not lists:
        return ()
    common = tuple(region for region in dict.fromkeys(lists[-1]) if all(region in regions for regions in lists))
    if not common:
        problems.add(
            stated.source, "no AWS region is left: the scopes that it extends have others", "name one of theirs"
        )
    return common


def _rules(section: Section, stated: Stated, parents: Sequence[Rules]) -> Rules:
    own = stated.rules.get(section, Rules())
    # Two ways to one grandparent bring its rules once.
    rules = tuple(dict.fromkeys([*(rule for parent in parents for rule in parent.rules), *own.rules]))
    said = [(parent.otherwise, parent.otherwise_source) for parent in parents if parent.otherwise_source is not None]
    if section in stated.otherwise:
        said.append(stated.otherwise[section])
    if not said:
        # A scope that says nothing about AWS is not for AWS; one that extends it may be.
        return Rules(rules, Effect.DENY if section == "aws" and not rules else Effect.ASK)
    otherwise, source = max(said, key=lambda one: one[0])
    return Rules(rules, otherwise, source)


def _exposed(stated: Stated, parents: Sequence[Scope], problems: Problems) -> tuple[Exposed, ...]:
    every = tuple(dict.fromkeys([*(port for parent in parents for port in parent.expose), *stated.expose]))
    for outside in sorted({port.host_port for port in every if port.host_port}):
        inside = sorted({port.port for port in every if port.host_port == outside})
        if len(inside) > 1:
            ports = " and ".join(map(str, inside))
            problems.add(
                stated.source,
                f"port {outside} of this host cannot lead to the ports {ports} of the cell at once",
                f"write one of them as another port of this host: {outside + 1}:{inside[-1]}",
            )
    return every


def _files(stated: Stated, parents: Sequence[Scope]) -> Files:
    every = [*(parent.files for parent in parents), stated.files or _LEFT_OUT]
    if stated.write is not None:
        write = stated.write
    elif parents:
        write = _union(parent.files.write for parent in parents)
    else:
        write = Files().write
    return Files(
        write,
        _union(files.read for files in every),
        _union(files.read_only for files in every),
        _union(files.hide for files in every),
    )


def _terraform(stated: Stated, parents: Sequence[Scope]) -> Terraform:
    stating = [parent.terraform for parent in parents if parent.terraform.source is not None]
    if stated.terraform is not None:
        stating.append(stated.terraform)
    if not stating:
        return Terraform()
    return Terraform(min(one.destroy for one in stating), _union(one.protect for one in stating), stating[-1].source)


def _settings(stated: Stated, parents: Sequence[Scope]) -> str:
    """The settings of conditions; what the nearer file says of one condition is what counts."""
    texts = [text for text in (*(parent.settings for parent in parents), stated.policy.settings) if text]
    if len(texts) < 2:
        return texts[0] if texts else ""
    made: dict[str, object] = {}
    for text in texts:
        made |= json.loads(text)
    return canonical(made)


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for one in lists for text in one))
