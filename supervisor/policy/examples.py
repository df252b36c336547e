"""The examples of a scope, tried on it."""

from __future__ import annotations

from datetime import UTC, datetime

from supervisor.errors import ScopeError
from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.request import Action, AwsCall, Connect, Exec, GateName, Request, Subject, ToolCall
from supervisor.parse.command import shell_programs
from supervisor.parse.net import HTTPS_PORT, compile_host, zone_of
from supervisor.policy.decide import decide, foresee, opaque, strictest
from supervisor.policy.document import Problems, shown
from supervisor.policy.reads import level_by_name
from supervisor.policy.scope import Example, Scope

# No grant takes part, so the time decides nothing.
_WHENEVER = datetime(2000, 1, 1, tzinfo=UTC)
_GATES: dict[str, GateName] = {Exec.KIND: "exec", Connect.KIND: "network", AwsCall.KIND: "aws", ToolCall.KIND: "mcp"}


def try_examples(scope: Scope, problems: Problems, *, unfilled: bool = False) -> None:
    """Add a problem for each example that comes out other than it says.

    With parameters that are `unfilled`, those that stand in an example or decide about hosts cannot be tried yet.
    """
    open_hosts = any("${" in pattern for rule in scope.network.rules for pattern in rule.patterns)
    for example in scope.examples:
        if unfilled and ("${" in example.text or (example.kind == "connect" and open_hosts)):
            continue
        try:
            decision = judge(scope, example)
        except ValueError as error:
            problems.found.append(ScopeError(str(error), where=str(example.source), fix="correct the example"))
            continue
        if decision.effect is not example.expect:
            problems.add(
                example.source,
                f"the example {shown(example.text)} should {_WOULD[example.expect]}, but: {decision.explain}",
                "change that rule, or the example",
            )


_WOULD = {Effect.ALLOW: "be allowed", Effect.ASK: "ask", Effect.DENY: "be denied"}


def judge(scope: Scope, example: Example) -> Decision:
    """What comes of an example; raises `ValueError` where it names no request."""
    match example.kind:
        case "run":
            return judge_shell(scope, example.text)
        case "aws":
            return judge_action(scope, aws_call(example.text, example.on, example.tags))
        case "connect":
            return judge_action(scope, connection(example.text))
        case "mcp":
            server, slash, tool = example.text.partition("/")
            if not slash or not server or not tool:
                raise ValueError(f"{shown(example.text)} is no MCP tool: write server/tool")
            return judge_action(scope, ToolCall(server, tool))


def judge_shell(scope: Scope, text: str, cwd: str = "/workspace") -> Decision:
    """The strictest decision over every program that shell text visibly leads to."""
    made = [
        foresee_action(scope, found) if isinstance(found, Exec) else opaque(scope, found)
        for found in shell_programs(text, cwd)
    ]
    nothing = Decision(Effect.ALLOW, explain="it starts no program", scope=scope.digest)
    return strictest(made) if made else nothing


def judge_action(scope: Scope, action: Action) -> Decision:
    """The decision on one action, without grants."""
    return decide(scope, (), request_for(action), _WHENEVER)


def foresee_action(scope: Scope, action: Action) -> Decision:
    """The strictest decision over an action and everything that it visibly leads to, without grants."""
    return foresee(scope, (), request_for(action), _WHENEVER)


def request_for(action: Action) -> Request:
    """A request that nobody made, to try an action on a scope."""
    return Request("r0", _GATES[action.KIND], Subject("", ""), action)


def connection(text: str) -> Connect:
    """`host:port` or `host` as a connection; a name is judged as a public one. Raises `ValueError`."""
    pattern = compile_host(text)
    if not pattern.host or not pattern.port:
        raise ValueError(f"{shown(text)} is no place to connect to: write host:port")
    zone = zone_of(pattern.host)
    if zone == "unresolved":
        return Connect(pattern.host, pattern.port or HTTPS_PORT)
    return Connect(pattern.host, pattern.port, addresses=(pattern.host,), zone=zone)


def aws_call(action: str, on: tuple[str, ...], tags: tuple[tuple[str, str], ...] | None = None) -> AwsCall:
    """An AWS call by its IAM action and resources; raises `ValueError` where the action is none."""
    service, colon, operation = action.partition(":")
    if not colon or not service or not operation.isalnum():
        raise ValueError(f"{shown(action)} is no IAM action: write service:Action")
    parts = on[0].split(":", 5) if on else []
    region, account = (parts[3], parts[4]) if len(parts) == 6 else ("", "")
    return AwsCall((action,), on, service, operation, region, account, tags, level=level_by_name((action,)))
