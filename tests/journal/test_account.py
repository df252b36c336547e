"""What a session comes to, and how it is told: completely, and without obeying a word of it."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from supervisor.console import words
from supervisor.journal.account import account
from supervisor.journal.export.as_html import as_html
from supervisor.journal.export.as_json import as_json
from supervisor.journal.export.as_markdown import as_markdown, code
from supervisor.journal.export.as_ocsf import as_ocsf
from supervisor.journal.reader import read
from supervisor.journal.verify import Finding, Verification, verify
from supervisor.model.codec import Json
from supervisor.model.decision import Decision
from supervisor.model.effect import Effect
from supervisor.model.event import (
    DecisionRecord,
    GatesChecked,
    GateStatus,
    LimitReached,
    Record,
    SessionEnded,
    VerdictRecord,
)
from supervisor.model.request import AwsCall, Connect, ToolCall
from supervisor.model.visible import visible
from tests.journal.material import written
from tests.scenarios import stories
from tests.scenarios.journal import Lines

GOOD = Verification(Finding.GOOD, "7 lines, closed and signed", 7)
SNAPSHOTS = Path(__file__).with_name("snapshots")
NASTY = "`x` ``y`` <script>alert(1)</script> [a](javascript:b) ![i](http://x) @team #1 \x1b[31m \u202e\n# head\n\n| a |"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """The lines of an ended session, as the real writer left them."""
    session = written({"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}, stories.ended())
    assert verify(session.path).finding is Finding.GOOD
    return list(read(session.path))


@pytest.mark.parametrize("form", ["md", "html"])
def test_an_export_is_as_it_was_reviewed(lines: list[Json], form: str) -> None:
    """The exports of one session are what somebody looked at (AGENT_SUPERVISE_SNAPSHOTS=write takes new ones)."""
    whole = account(lines)
    verification = Verification(Finding.GOOD, "55 lines, closed and signed", 55)
    text = {
        "md": lambda: as_markdown(whole, verification, words),
        "html": lambda: as_html(whole, verification, words),
    }[form]()
    text = re.sub(r"20260201-120000-[a-z2-9]{4}", "20260201-120000-k3f9", text)
    snapshot = SNAPSHOTS / f"ended.{form}"
    if os.environ.get("AGENT_SUPERVISE_SNAPSHOTS") == "write":
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


def test_every_kind_of_request_is_told() -> None:
    """A connection, an AWS call and a tool call have their classes, names and verdicts in every form."""
    made = stories.started()
    for gate, action in (
        ("network", Connect("api.example.com", 443, addresses=("203.0.113.9",))),
        ("aws", AwsCall(("rds:DeleteDBInstance",), ("arn:aws:rds:eu-central-1:1:db:prod",), "rds", "DeleteDBInstance")),
        ("aws", AwsCall((), (), "s3", "")),
        ("mcp", ToolCall("github", "delete_repo", '{"name":"x"}')),
    ):
        request = made.request(action, gate)
        made.add(DecisionRecord(request, Effect.DENY, Decision(Effect.DENY, explain="no")))
        made.add(VerdictRecord(request.id, Effect.DENY, "policy"))  # type: ignore[arg-type]
    whole = account(made.add(SessionEnded(1, "left")).lines)
    kinds = [event["class_uid"] for event in as_ocsf(whole, words)]
    assert kinds == [6002, 4001, 6003, 6003, 6003, 6002]
    assert [event["activity_id"] for event in as_ocsf(whole, words)][1:5] == [5, 4, 99, 99]
    text = as_markdown(whole, GOOD, words)
    for name in ("api.example.com:443", "rds:DeleteDBInstance", "github/delete_repo"):
        assert name in text and name in as_html(whole, GOOD, words)


def hostile(text: str) -> list[Json]:
    """A session in which the agent wrote `text` wherever it can write."""
    made = stories.started()
    request = made.run("x")
    made.lines[0]["agent"] = [text]
    made.lines[1]["task"] = text
    action = {"kind": "exec", "program": f"/bin/{text}", "argv": [text, text], "cwd": text}
    link = {"pid": 1, "program": text, "argv": [text]}
    told = {"id": request.id, "gate": "exec", "action": action, "reason": text}
    told["subject"] = {"session": "s1", "agent": text, "chain": [link]}
    decision = {"effect": "ask", "explain": text, "rules": [], "four_eyes": 0}
    common = {"request": told, "decision": decision}
    made.add(SessionEnded(0, text))
    extra = [
        {"kind": "decision", "effect": "ask", **common},
        {"kind": "escalation.opened", "escalation": "e1", "digest": "d", "expires": "2026-02-01T12:15:00Z", **common},
        {"kind": "escalation.answered", "escalation": "e1", "choice": "deny", "by": text, "message": text},
        {"kind": "verdict", "request": request.id, "effect": "deny", "by": "human", "detail": text},
        {"kind": "fault", "part": text, "what": text},
    ]
    return [*made.lines[:-1], *({"time": made.lines[0]["time"], **line} for line in extra), made.lines[-1]]


def _tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html))


@given(st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace").decode()) | st.just(NASTY))
def test_hostile_text_is_never_markup_in_a_ticket(text: str) -> None:
    """Rendered by CommonMark, a report has headings, lists and code, whatever the agent wrote; nothing invisible."""
    whole = account(hostile(text))
    assert not whole.unreadable
    report = as_markdown(whole, GOOD, words)
    rendered = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"]).render(report)
    assert _tags(rendered) <= {"h1", "h2", "p", "ul", "li", "code"}
    assert all(char == "\n" or char.isprintable() for char in report)


@given(st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace").decode()) | st.just(NASTY))
def test_hostile_text_is_never_markup_on_a_page(text: str) -> None:
    """A page has our tags and no others, whatever the agent wrote; nothing invisible."""
    page = as_html(account(hostile(text)), GOOD, words)
    body = page.partition("<body>")[2]
    assert _tags(body) <= {"h1", "h2", "p", "ul", "li", "code"}
    assert all(char == "\n" or char.isprintable() for char in page)


@given(st.text(alphabet="`ab \\*<", max_size=30))
def test_a_code_span_is_read_back_exactly(text: str) -> None:
    """What stands in a code span is what was put there, whatever backticks and blanks it has."""
    rendered = MarkdownIt("commonmark").renderInline(f"x {code(visible(text))} y")
    if text:
        inner = re.fullmatch(r"x <code>(.*)</code> y", rendered, re.DOTALL)
        assert inner is not None
        assert inner[1].replace("&lt;", "<").replace("&amp;", "&") == text


def test_long_texts_are_cut_with_a_count() -> None:
    """A hundred kilobytes of arguments do not drown a report, and what is not shown is counted."""
    text = as_markdown(account(hostile("x" * 100_000)), GOOD, words)
    assert len(text) < 100_000 and re.search(r"… \+[\d,]+ characters", text)


def test_many_denials_are_counted() -> None:
    """A report lists the first ones and says how many there are."""
    made = Lines()
    for number in range(250):
        request = made.run(f"rm {number}")
        made.add(DecisionRecord(request, Effect.DENY, Decision(Effect.DENY, explain="no")))
    assert "The first 200 of 250" in as_markdown(account(made.lines), GOOD, words)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["kind", "time", "request", "effect"]),
            st.text(max_size=8) | st.none() | st.lists(st.integers()),
        )
        | st.sampled_from(hostile("x")),
        max_size=12,
    )
)
def test_any_lines_have_an_account(some: list[Json]) -> None:
    """Lines that are nonsense, doubled or out of order are counted, never raised."""
    whole = account(some)
    assert whole.lines == len(some)
    as_json(whole, GOOD)
    as_markdown(whole, GOOD, words)
    as_html(whole, GOOD, words)
    list(as_ocsf(whole, words))


def test_times_are_utc(lines: list[Json]) -> None:
    """The account knows when a session began and how long it lasted."""
    whole = account(lines)
    assert whole.started == datetime(2026, 2, 1, 12, tzinfo=UTC) and whole.seconds == pytest.approx(172.2)
    assert isinstance(whole.end, Record.__args__)  # type: ignore[attr-defined]


def test_what_canaries_showed_and_limits_are_told() -> None:
    """A report says how often every gate was shown to hold, and what was ended for a limit, in visible text."""
    told = stories.quiet()
    told.add(*[GatesChecked((GateStatus("exec", True),))] * 2, GatesChecked((GateStatus("exec", False, "it let go"),)))
    told.add(LimitReached("memory", "<b>python3</b> (7) was ended"))
    whole = account(told.lines)
    assert whole.rounds == 2 and [record.limit for _, record in whole.limits] == ["memory"]
    page = as_html(whole, GOOD, words)
    assert "shown to hold from inside of the cell: 2 times" in page and "<b>python3" not in page
