"""A session as events of the Open Cybersecurity Schema Framework (OCSF 1.4.0), for a SIEM.

Process starts are Process Activity (1007), connections Network Activity (4001), AWS and MCP calls API Activity (6003),
the session's start and end Application Lifecycle (6002). Each request is one event, at the time of its verdict, with
the security control profile saying what was done about it; what OCSF has no field for stands in `unmapped`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, assert_never

from supervisor.journal.account import Account, Judged
from supervisor.journal.export.spoken import Words
from supervisor.model.codec import Json
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Connect, Exec, Process, ToolCall
from supervisor.model.visible import visible

VERSION: Final = "1.4.0"
_READS: Final = ("Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Scan", "BatchGet", "Select")
_CREATES: Final = ("Create", "Put", "Run", "Start", "Allocate", "Upload", "Copy", "Register", "Import")
_UPDATES: Final = ("Update", "Modify", "Set", "Attach", "Associate", "Tag", "Change", "Reboot", "Stop")
_DELETES: Final = ("Delete", "Remove", "Terminate", "Destroy", "Detach", "Untag", "Purge", "Abort", "Revoke")


def as_ocsf(whole: Account, words: Words) -> Iterator[Json]:
    """The events, in the order in which requests came."""
    if whole.session is not None:
        yield _lifecycle(whole, 3, "Start", whole.started)
    for judged in whole.requests.values():
        if judged.verdict is not None:
            yield _event(whole, judged, words)
    if whole.end is not None:
        yield _lifecycle(whole, 4, "Stop", whole.last)


def _lifecycle(whole: Account, activity: int, name: str, moment: datetime) -> Json:
    agent = visible(" ".join(whole.session.agent)) if whole.session else ""
    event = _base(whole, 6, 6002, activity, name, moment, 1)
    event["app"] = {"name": "agent-supervise", "vendor_name": "agent-supervise"}
    event["message"] = f"session of {agent} {'started' if activity == 3 else 'ended'}"
    if activity == 3 and whole.scope:
        event["unmapped"] = {"scope": whole.scope.scope, "scope_digest": whole.scope.digest}
    if activity == 4 and whole.end:
        event["status_detail"] = visible(whole.end.why)
        event["unmapped"] = {"exit_code": whole.end.exit_code}
    return event


def _event(whole: Account, judged: Judged, words: Words) -> Json:
    verdict = judged.verdict
    assert verdict is not None
    allowed = verdict.effect is Effect.ALLOW
    moment = judged.told or judged.time
    severity = 1 if allowed and not verdict.escalation else 2 if allowed else 3
    action = judged.request.action
    match action:
        case Exec():
            event = _base(whole, 1, 1007, 1, "Launch", moment, severity)
            event |= {"device": _DEVICE, "process": _started(action), "actor": _actor(whole, judged)}
        case Connect():
            event = _base(whole, 4, 4001, 1 if allowed else 5, "Open" if allowed else "Refuse", moment, severity)
            event |= {"dst_endpoint": _endpoint(action), "actor": _actor(whole, judged)}
            event["connection_info"] = {"direction_id": 2, "protocol_num": 6, "protocol_name": "tcp"}
        case AwsCall():
            event = _api(whole, judged, action.operation, moment, severity)
            event["api"] = {"operation": action.operation or words.name_of(action), "service": {"name": action.service}}
            event["resources"] = [{"uid": visible(arn)} for arn in action.resources]
            event["cloud"] = {"provider": "AWS", "region": action.region, "account": {"uid": action.account}}
        case ToolCall():
            event = _api(whole, judged, "", moment, severity)
            event["api"] = {"operation": visible(action.tool), "service": {"name": visible(action.server)}}
        case _:
            assert_never(action)
    return event | _control(judged, words, allowed)


def _base(
    whole: Account, category: int, kind: int, activity: int, name: str, moment: datetime, severity: int
) -> dict[str, Any]:
    session = whole.session
    return {
        "category_uid": category,
        "class_uid": kind,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": kind * 100 + activity,
        "time": round(moment.timestamp() * 1000),
        "severity_id": severity,
        "metadata": {
            "version": VERSION,
            "product": {
                "name": "agent-supervise",
                "vendor_name": "agent-supervise",
                "version": session.version if session else "",
            },
            "profiles": ["security_control"],
            "correlation_uid": session.session if session else "",
        },
    }


def _api(whole: Account, judged: Judged, operation: str, moment: datetime, severity: int) -> dict[str, Any]:
    verbs = ((1, "Create", _CREATES), (2, "Read", _READS), (3, "Update", _UPDATES), (4, "Delete", _DELETES))
    activity, name = next(
        ((number, word) for number, word, starts in verbs if operation.startswith(starts)), (99, operation or "Call")
    )
    event = _base(whole, 6, 6003, activity, visible(name), moment, severity)
    return event | {
        "actor": _actor(whole, judged),
        "src_endpoint": {"name": "the agent's cell", "uid": judged.request.subject.session},
    }


def _control(judged: Judged, words: Words, allowed: bool) -> Json:
    verdict = judged.verdict
    assert verdict is not None
    rule = judged.decision.rules[0] if judged.decision.rules else None
    out: Json = {
        "action_id": 1 if allowed else 2,
        "action": "Allowed" if allowed else "Denied",
        "disposition_id": 1 if allowed else 2,
        "disposition": "Allowed" if allowed else "Blocked",
        "status_id": 1 if allowed else 2,
        "status": "Success" if allowed else "Failure",
        "status_detail": visible(verdict.detail) or words.why(judged.decision),
        "message": words.title(judged.request),
        "policy": {"name": words.place(judged.decision) or "otherwise", "uid": judged.decision.scope},
        "unmapped": {
            "request": judged.request.id,
            "journal_seq": judged.seq,
            "policy_effect": judged.effect.word,
            "decided_by": verdict.by.value,
        },
    }
    if rule is not None:
        out["policy"]["desc"] = visible(rule.text)
    if verdict.escalation:
        out["unmapped"]["escalation"] = verdict.escalation
    if not out["policy"]["uid"]:
        del out["policy"]["uid"]
    return out


_DEVICE: Final[Json] = {"type_id": 0, "type": "Unknown", "name": "the agent's cell"}


def _started(action: Exec) -> Json:
    name = action.program.rpartition("/")[2]
    file: Json = {"name": visible(name), "path": visible(action.program), "type_id": 1}
    if action.sha256:
        file["hashes"] = [{"algorithm_id": 3, "algorithm": "SHA-256", "value": action.sha256.removeprefix("sha256:")}]
    command = " ".join(visible(word) for word in action.argv)
    return {"name": visible(name), "cmd_line": command, "working_directory": visible(action.cwd), "file": file}


def _actor(whole: Account, judged: Judged) -> Json:
    actor: Json = {"app_name": visible(judged.request.subject.agent)}
    if whole.session:
        actor["user"] = {"name": visible(whole.session.user)}
    if judged.request.subject.chain:
        actor["process"] = _chain(judged.request.subject.chain)
    return actor


def _chain(chain: tuple[Process, ...]) -> Json:
    out: Json = {}
    for link in reversed(chain):
        command = " ".join(visible(word) for word in link.argv)
        here = {"pid": link.pid, "name": visible(link.program.rpartition("/")[2]), "cmd_line": command}
        out = {**here, "parent_process": out} if out else here
    return out


def _endpoint(action: Connect) -> Json:
    out: Json = {"hostname": visible(action.host), "port": action.port}
    return {**out, "ip": action.addresses[0]} if action.addresses else out
