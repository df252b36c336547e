"""The one encoding of the journal, the sockets and `--json`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.codec import Malformed, canonical, from_json, parse_rfc3339, rfc3339, to_json
from supervisor.model.decision import By, Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, GrantAdded, Record, VerdictRecord
from supervisor.model.grant import Answer, ConnectMatcher, ExecMatcher, Grant
from supervisor.model.request import AwsCall, Connect, Exec, Process, Request, Subject, ToolCall
from supervisor.policy.scope import Approvals, FourEyes, Scope, Source

TEXT = st.text(st.characters(), max_size=12)
"""Any text, lone surrogates (foreign bytes) included."""
WORDS = st.lists(TEXT, max_size=4).map(tuple)
ACTIONS = st.one_of(
    st.builds(Exec, program=TEXT, argv=WORDS, cwd=TEXT, known_as=WORDS, script=TEXT),
    st.builds(Connect, host=TEXT, port=st.integers(0, 65535), method=TEXT, addresses=WORDS),
    st.builds(AwsCall, actions=WORDS, resources=WORDS, tags=st.none() | st.just((("env", "dev"),)) | st.just(())),
    st.builds(ToolCall, server=TEXT, tool=TEXT, arguments=TEXT),
)
REQUESTS = st.builds(
    Request,
    id=TEXT,
    gate=st.sampled_from(["exec", "network", "aws", "mcp", "hooks"]),
    subject=st.builds(Subject, session=TEXT, agent=TEXT, chain=st.just((Process(1, "/bin/sh", ("sh",)),))),
    action=ACTIONS,
)
DECISIONS = st.builds(
    Decision,
    effect=st.sampled_from(Effect),
    rules=st.just((RuleRef("commands", Effect.ASK, "a.yaml", 3, "ask: x"),)) | st.just(()),
    explain=TEXT,
    irreversible=WORDS,
    four_eyes=st.integers(0, 3),
)


@given(REQUESTS, DECISIONS)
def test_a_record_reads_back_as_it_was_written(request: Request, decision: Decision) -> None:
    """Encoding to canonical JSON text and reading it back gives an equal record, whatever bytes the agent used."""
    record = DecisionRecord(request, decision.effect, decision)
    assert from_json(Record, json.loads(canonical(to_json(record)))) == record


@given(REQUESTS, REQUESTS)
def test_different_requests_never_have_one_encoding(one: Request, other: Request) -> None:
    """Two requests have equal encodings exactly when they are equal."""
    assert (canonical(to_json(one)) == canonical(to_json(other))) == (one == other)


@given(st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)))
def test_times_keep_their_microseconds(moment: datetime) -> None:
    """RFC 3339 text reads back as the same moment."""
    assert parse_rfc3339(rfc3339(moment)) == moment


def test_a_time_without_an_offset_is_refused() -> None:
    """A local time says nothing, so it is not read."""
    with pytest.raises(ValueError, match="without an offset"):
        parse_rfc3339("2026-02-01T12:00:00")


def test_a_scope_crosses_a_process_whole() -> None:
    """Durations, sources, effects and nested rules of a scope survive the way to the session process."""
    scope = Scope(
        "site",
        "Deploy",
        "sha256:0",
        Source("site.yaml", 1),
        expires=timedelta(hours=2),
        approvals=Approvals(timedelta(minutes=3), (FourEyes(("rds:*",)),)),
        texts=(("site.yaml", "scope: site\n"),),
    )
    assert from_json(Scope, json.loads(json.dumps(to_json(scope)))) == scope


def test_a_grant_keeps_what_it_covers() -> None:
    """A matcher comes back as its own class, by its kind."""
    for matcher in (ExecMatcher("git", ("push",)), ConnectMatcher("example.com", 443)):
        grant = Grant("g1", matcher, datetime(2026, 2, 1, tzinfo=UTC), "dev")
        assert from_json(GrantAdded, to_json(GrantAdded(grant))) == GrantAdded(grant)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "verdict", "request": 1, "effect": "allow", "by": "policy"},
        {"kind": "verdict", "request": "r1", "effect": "perhaps", "by": "policy"},
        {"kind": "verdict", "request": "r1", "effect": "allow", "by": "nobody"},
        {"kind": "verdict", "request": "r1", "effect": "allow", "by": "policy", "more": 1},
        {"kind": "nothing"},
        [],
        None,
    ],
)
def test_what_is_no_encoding_is_refused(data: object) -> None:
    """Wrong types, unknown words, fields and kinds are `Malformed`, never a half-read value."""
    with pytest.raises(Malformed):
        from_json(Record, data)


def test_answers_take_no_boolean_for_a_number() -> None:
    """`true` is no number of minutes."""
    with pytest.raises(Malformed):
        from_json(Answer, {"escalation": "e1", "choice": "task", "digest": "d", "minutes": True})


def test_the_kind_of_a_record_is_its_word_in_the_design() -> None:
    """A verdict's line says `verdict` and the effect as a word."""
    assert to_json(VerdictRecord("r1", Effect.DENY, By.TIMEOUT)) == {
        "kind": "verdict",
        "request": "r1",
        "effect": "deny",
        "by": "timeout",
    }
