"""What a record's line says, of which parts that come again are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supervisor.journal.lines import Fields
from supervisor.journal.redact import Redactor
from supervisor.model.codec import canonical, to_json
from supervisor.model.decision import By, Decision
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, Fault, Record, VerdictRecord
from supervisor.model.request import Connect, Exec, Process, Request, Subject

SECRET = "correct-horse-battery"
TEXTS = st.sampled_from(
    ["", "ls", "r1", "token", "--password", SECRET, "AKIAIOSFODNN7EXAMPLE", "h\udcff", "⟨0x41⟩", "π", 'a"b\\c\n']
) | st.text(max_size=12)
WORDS = st.lists(TEXTS, max_size=4).map(tuple)
ACTIONS = st.builds(Exec, TEXTS, WORDS, TEXTS, known_as=WORDS, sha256=TEXTS) | st.builds(
    Connect, TEXTS, st.integers(1, 65535), addresses=WORDS
)
CHAINS = st.lists(st.builds(Process, st.integers(1, 9), TEXTS, WORDS), max_size=3).map(tuple)
DECISIONS = st.builds(Decision, st.sampled_from(Effect), explain=TEXTS, needs=TEXTS, scope=TEXTS, irreversible=WORDS)
RECORDS: st.SearchStrategy[Record] = (
    st.builds(
        DecisionRecord,
        st.builds(Request, TEXTS, st.just("exec"), st.builds(Subject, TEXTS, TEXTS, CHAINS), ACTIONS, TEXTS),
        st.sampled_from(Effect),
        DECISIONS,
    )
    | st.builds(VerdictRecord, TEXTS, st.sampled_from(Effect), st.sampled_from(By), TEXTS, TEXTS)
    | st.builds(Fault, TEXTS, TEXTS)
)


@given(st.lists(RECORDS, max_size=4))
def test_fields_are_those_of_the_whole_record(records: list[Record]) -> None:
    """Whatever was written before, each field is the canonical JSON of the record without its secrets."""
    redact = Redactor([SECRET])
    fields = Fields(redact)
    for record in (*records, *records):
        whole = redact(to_json(record))
        assert dict(fields(record)) == {name: canonical(value) for name, value in whole.items()}


def test_what_is_kept_is_bounded() -> None:
    """A session that never says anything twice keeps no more than a bounded number of texts, and says each right."""
    fields = Fields(lambda plain: plain)
    for number in range(6000):
        record = VerdictRecord(f"r{number}", Effect.ALLOW, By.POLICY, detail="x" * 10_000 if number % 7 == 0 else "")
        assert fields(record)["request"] == f'"r{number}"'
    assert len(fields._words) <= 2048 and sum(map(len, fields._words)) < 200_000
