"""Canaries: what counts as proof that a gate holds, what does not, and that only ticks of the session's loop count."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.canary import AGAIN, EVERY, PATIENCE, CanaryDesk, Outcome, Rounds, Tried, Word
from supervisor.gates.canary_kinds import AwsCanary, ExecCanary, FilesCanary, NetworkCanary, RouteCanary
from supervisor.gates.protocol import HELD, Desk, Reply
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.event import GatesChecked
from supervisor.model.request import Action, AwsCall, Connect, Exec, GateName, Process, Request, Subject

ALLOW = Verdict(Effect.ALLOW, By.POLICY)
KEYS = Placeholder("ASIAEXAMPLE", "secret", "token")
WORD = Word("0123456789abcdef" * 2, "fedcba9876543210" * 2)


@dataclass
class Session(Desk):
    """A session that allows everything, and remembers what reached it."""

    reached: list[str] = field(default_factory=list)

    def new_request(self, gate: GateName, action: Action, chain: tuple[Process, ...] = ()) -> Request:
        return Request(f"r{len(self.reached)}", gate, Subject("s", "agent"), action)

    def ask(self, request: Request, foretold: Callable[[], None] | None = None) -> Reply:
        self.reached.append(request.id)
        return ALLOW

    def withdraw(self, request_id: str, why: str) -> None:
        self.reached.append(f"withdraw {request_id}")

    def ended(self, request_id: str, *, detail: str = "", sent: int = 0, received: int = 0) -> None:
        self.reached.append(f"ended {request_id}")

    def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        self.reached.append(f"answered {request_id}")

    def fault(self, part: str, what: str) -> None:
        self.reached.append(f"fault {part}")


def actions(word: Word) -> dict[GateName, tuple[Action, ...]]:
    """What the gates would ask about a word's canaries."""
    return {
        "exec": (
            Exec("/run/x", ("canary", word.text, "execve"), "/"),
            Exec("/run/x", ("canary", word.text, "execveat"), "/"),
        ),
        "network": (Connect(word.address, 9),),
        "aws": (AwsCall(("s3:GetObject",), (f"arn:aws:s3:::{word.bucket}/canary",)),),
    }


# ── the desk ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("gate", ["exec", "network", "aws"])
def test_a_canary_is_refused_and_never_reaches_the_session(gate: GateName) -> None:
    """It takes no number of the session, stands in no record, and the refusal carries the proof."""
    session = Session()
    desk = CanaryDesk(session)
    word = desk.issue()
    for action in actions(word)[gate]:
        request = desk.new_request(gate, action)
        verdict = desk.ask(request, lambda: pytest.fail("a canary was foretold an allow"))
        assert isinstance(verdict, Verdict) and not verdict.allowed and word.proof in verdict.message
        desk.withdraw(request.id, "gone")
        desk.ended(request.id)
        desk.answered(request.id, 0)
    assert desk.asked(word) == actions(word)[gate]
    assert session.reached == []


@pytest.mark.parametrize("gate", ["exec", "network", "aws"])
def test_what_is_no_canary_goes_to_the_session(gate: GateName) -> None:
    """A guessed word, and one of another session, are requests like any other."""
    session = Session()
    desk = CanaryDesk(session)
    desk.issue()
    for action in actions(WORD)[gate]:
        request = desk.new_request(gate, action)
        assert desk.ask(request) == ALLOW
        desk.ended(request.id)
    assert session.reached[:2] == ["r0", "ended r0"] and desk.asked(WORD) == ()


def test_a_canary_of_long_ago_is_refused_still() -> None:
    """A word that was given out a hundred words ago proves nothing, and its open question is no allow."""
    session = Session()
    desk = CanaryDesk(session)
    word = desk.issue()
    request = desk.new_request("network", actions(word)["network"][0])
    for _ in range(100):
        desk.ask(desk.new_request("network", actions(desk.issue())["network"][0]))
    verdict = desk.ask(request)
    assert isinstance(verdict, Verdict) and not verdict.allowed and desk.asked(word) == ()
    assert session.reached == []


def test_words_are_never_the_same_and_name_nothing_real() -> None:
    """Each try has a word of its own; its address is one of RFC 3849 and its bucket a name that S3 would take."""
    words = {CanaryDesk(Session()).issue() for _ in range(200)}
    assert len({word.text for word in words} | {word.proof for word in words}) == 400
    assert len({word.address for word in words}) == 200
    assert all(word.address.startswith("2001:db8:") and 3 <= len(word.bucket) <= 63 for word in words)


# ── what a reply shows ───────────────────────────────────────────────────────────────────────────

EXEC = actions(WORD)["exec"]
NET = actions(WORD)["network"]
AWS = actions(WORD)["aws"]
NO = f"HTTP/1.1 403 Forbidden\r\n\r\n{WORD.proof}".encode()
S3 = f"HTTP/1.1 403 Forbidden\r\n\r\n<Error><Code>AccessDenied</Code><Message>{WORD.proof}".encode()


@pytest.mark.parametrize(
    ("reply", "asked", "shows"),
    [
        (b"13 13", EXEC, Outcome.HELD),
        (b"13 13", EXEC[:1], Outcome.UNCLEAR),
        (b"13 13", (), Outcome.UNCLEAR),
        (b"13 11", EXEC, Outcome.UNCLEAR),
        (b"38 38", (), Outcome.FAILED),
        (b"13 0", EXEC, Outcome.FAILED),
        (b"13", EXEC, Outcome.FAILED),
        (b"", EXEC, Outcome.FAILED),
        (b"13 13 13", EXEC, Outcome.FAILED),
        (b"x y", EXEC, Outcome.FAILED),
    ],
)
def test_what_a_program_start_shows(reply: bytes, asked: tuple[Action, ...], shows: Outcome) -> None:
    """It holds where both calls were refused with the gate's errno *and* the gate asked about both."""
    assert ExecCanary().judge(Tried(WORD, reply, asked))[0] is shows


@pytest.mark.parametrize(
    ("reply", "asked", "shows"),
    [
        (b"0 " + NO, NET, Outcome.HELD),
        (b"0 " + NO, (), Outcome.UNCLEAR),
        (b"0 HTTP/1.1 403 Forbidden\r\n\r\nno", NET, Outcome.UNCLEAR),
        (b"0 HTTP/1.1 200 OK\r\n\r\n", NET, Outcome.FAILED),
        (b"0 HTTP/1.1 502 x\r\n\r\n" + WORD.proof.encode(), NET, Outcome.FAILED),
        (b"0 HTTP/1.1 503 x\r\n\r\n", (), Outcome.FULL),
        (b"0 ", (), Outcome.FULL),
        (b"104 ", (), Outcome.FULL),
        (b"111 ", (), Outcome.UNCLEAR),
        (b"0 garbage", NET, Outcome.UNCLEAR),
        (b"", NET, Outcome.FULL),
    ],
)
def test_what_a_connection_shows(reply: bytes, asked: tuple[Action, ...], shows: Outcome) -> None:
    """It holds where the answer carries the refusal that was given for it; any answer of a server has failed."""
    assert NetworkCanary(3128).judge(Tried(WORD, reply, asked))[0] is shows


def test_an_aws_call_is_refused_in_the_form_of_aws() -> None:
    """The bare refusal of another gate does not count for this one."""
    canary = AwsCanary(3128, KEYS, "eu-central-1")
    assert canary.judge(Tried(WORD, b"0 " + S3, AWS))[0] is Outcome.HELD
    assert canary.judge(Tried(WORD, b"0 " + NO, AWS))[0] is Outcome.UNCLEAR
    assert canary.judge(Tried(WORD, b"0 " + S3, NET))[0] is Outcome.UNCLEAR
    assert canary.judge(Tried(WORD, b"0 HTTP/1.1 200 OK\r\n\r\n", AWS))[0] is Outcome.FAILED
    text = canary.request(4, WORD)
    assert text.startswith(b"say 4 3128 GET /" + WORD.bucket.encode()) and b"AWS4-HMAC-SHA256" in text
    assert KEYS.secret_key.encode() not in text


@pytest.mark.parametrize(
    ("number", "shows"),
    [
        (errno.ENETUNREACH, Outcome.HELD),
        (0, Outcome.FAILED),
        (errno.ECONNREFUSED, Outcome.FAILED),
        (errno.ETIMEDOUT, Outcome.FAILED),
        (errno.EMFILE, Outcome.UNCLEAR),
    ],
)
def test_what_a_way_around_shows(number: int, shows: Outcome) -> None:
    """Only the kernel's word that there is no route counts: an answer of anybody, even a refusal, came from outside."""
    assert RouteCanary().judge(Tried(WORD, b"%d " % number, ()))[0] is shows


@pytest.mark.parametrize(
    ("number", "shows"),
    [(errno.ENOENT, Outcome.HELD), (errno.EACCES, Outcome.HELD), (0, Outcome.FAILED), (errno.EMFILE, Outcome.UNCLEAR)],
)
def test_what_a_hidden_file_shows(number: int, shows: Outcome) -> None:
    """It holds where the file cannot be opened at all."""
    assert FilesCanary("/x").judge(Tried(WORD, b"%d" % number, ()))[0] is shows


# ── rounds ───────────────────────────────────────────────────────────────────────────────────────


class Stage:
    """Rounds of an exec and a files canary, and a PID 1 that answers when it is told to."""

    def __init__(self) -> None:
        self.desk = CanaryDesk(Session())
        self.sent: list[bytes] = []
        self.told: list[GatesChecked] = []
        self.deaf = False
        self.rounds = Rounds((ExecCanary(), FilesCanary("/hidden")), self.desk, self._send, self.told.append)

    def _send(self, message: bytes) -> bool:
        if not self.deaf:
            self.sent.append(message)
        return not self.deaf

    def answer(self, exec_reply: bytes = b"13 13", files_reply: bytes = b"2", *, asked: bool = True) -> None:
        """PID 1 answers what it was sent, and the exec gate asked about it."""
        sent, self.sent = self.sent, []
        for message in sent:
            verb, number, rest = message.split(b" ", 2)
            if verb == b"start" and asked:
                for form in ("execve", "execveat"):
                    action = Exec("/run/x", ("canary", rest.decode(), form), "/")
                    self.desk.ask(self.desk.new_request("exec", action))
            self.rounds.reply(b" ".join((verb, number, exec_reply if verb == b"start" else files_reply)))

    def tick(self, times: int) -> None:
        for _ in range(times):
            self.rounds.tick()


def holds(record: GatesChecked) -> dict[str, bool]:
    return {gate.name: gate.holds for gate in record.gates}


def test_a_round_in_which_every_gate_holds() -> None:
    """It is told once, with what was seen, and the next one begins a minute of ticks later."""
    stage = Stage()
    stage.rounds.begin()
    stage.answer()
    assert [holds(record) for record in stage.told] == [{"exec": True, "files": True}]
    assert all(gate.detail for gate in stage.told[0].gates)
    stage.tick(EVERY - 1)
    assert stage.sent == []
    stage.tick(1)
    assert len(stage.sent) == 2
    stage.answer()
    assert len(stage.told) == 2 and not stage.rounds.failed


def test_a_canary_that_was_let_through_is_told_at_once() -> None:
    """No other canary is waited for, and there are no more rounds."""
    stage = Stage()
    stage.rounds.begin()
    stage.sent = [message for message in stage.sent if message.startswith(b"see")]
    stage.answer(files_reply=b"0")
    assert holds(stage.told[0]) == {"files": False} and stage.rounds.failed
    stage.tick(EVERY * 3)
    stage.rounds.begin()
    assert len(stage.told) == 1 and stage.sent == []


def test_silence_fails_after_the_patience_and_not_before() -> None:
    """A gate that never answers has failed after so many ticks of the session's own loop, whatever a clock says."""
    stage = Stage()
    stage.rounds.begin()
    stage.sent = [message for message in stage.sent if message.startswith(b"see")]
    stage.answer()
    stage.tick(PATIENCE - 1)
    assert stage.told == []
    stage.tick(1)
    assert holds(stage.told[0])["exec"] is False and "in time" in stage.told[0].gates[0].detail


def test_a_reply_in_the_last_moment_counts() -> None:
    """A machine that is busy for nearly the whole patience fails no gate."""
    stage = Stage()
    stage.rounds.begin()
    stage.tick(PATIENCE - 1)
    stage.answer()
    assert holds(stage.told[0]) == {"exec": True, "files": True}


def test_what_proves_nothing_is_tried_again_with_another_word() -> None:
    """A refusal that the gate did not give is no proof; the next try may be one."""
    stage = Stage()
    stage.rounds.begin()
    first = stage.sent[0]
    stage.answer(asked=False)
    assert stage.told == []
    stage.tick(AGAIN)
    (second,) = stage.sent
    assert second.startswith(b"start") and second.split()[1:] != first.split()[1:]
    stage.answer()
    assert holds(stage.told[0]) == {"exec": True, "files": True}


def test_no_proof_in_all_tries_is_a_failure() -> None:
    """However often a refusal comes that is not the gate's own, the patience is one for all tries."""
    stage = Stage()
    stage.rounds.begin()
    ticks = 0
    while not stage.told:
        stage.answer(asked=False)
        stage.tick(1)
        ticks += 1
    assert ticks == PATIENCE and holds(stage.told[0])["exec"] is False


@pytest.mark.parametrize(
    "reply",
    [b"start 1 13 13", b"see 2 2", b"start 99 13 13", b"start x 13 13", b"", b"start", b"start 1", b"\xff \xff"],
)
def test_what_nobody_waits_for_says_nothing(reply: bytes) -> None:
    """A reply to another try, to none, or of another kind changes nothing and proves nothing."""
    stage = Stage()
    stage.rounds.begin()
    stage.answer()
    stage.tick(EVERY)
    stage.rounds.reply(reply)
    assert len(stage.told) == 1 and not stage.rounds.failed


def test_a_reply_of_one_gate_is_none_of_another() -> None:
    """Numbers alone do not match a reply to a try: the kind has to be the same."""
    stage = Stage()
    stage.rounds.begin()
    stage.rounds.reply(b"see 1 2")
    stage.rounds.reply(b"start 2 13 13")
    assert stage.told == []


def test_a_first_process_that_cannot_be_asked_has_failed_in_the_end() -> None:
    """A socket that takes nothing is tried again, and is a failure when the patience is over."""
    stage = Stage()
    stage.deaf = True
    stage.rounds.begin()
    stage.tick(PATIENCE)
    assert holds(stage.told[0]) == {"exec": False, "files": False}


def test_a_start_that_ended_the_cell_is_a_failure_of_the_exec_gate() -> None:
    """What is known in another way ends the rounds as well, once."""
    stage = Stage()
    stage.rounds.begin()
    stage.rounds.fail("exec", "it ran")
    stage.rounds.fail("exec", "it ran")
    stage.answer()
    assert [holds(record) for record in stage.told] == [{"exec": False}]


def test_a_gate_that_is_full_holds() -> None:
    """Being turned away unread until the patience is over lets nothing through, and is told as what it is."""
    desk, told, sent = CanaryDesk(Session()), list[GatesChecked](), list[bytes]()

    def send(message: bytes) -> bool:
        sent.append(message)
        return True

    rounds = Rounds((NetworkCanary(3128), RouteCanary()), desk, send, told.append)
    rounds.begin()
    while not told:
        while sent:
            verb, number, _ = sent.pop().split(b" ", 2)
            rounds.reply(verb + b" " + number + (b" 0 HTTP/1.1 503 full\r\n\r\n" if verb == b"say" else b" 101 "))
        rounds.tick()
    (gate,) = told[0].gates
    assert gate.holds and "hands full" in gate.detail and "no route" in gate.detail


def test_two_canaries_of_one_gate_are_one_status() -> None:
    """A way around the proxy is a failure of the network gate, though the proxy itself refuses."""
    desk, told = CanaryDesk(Session()), list[GatesChecked]()
    rounds = Rounds((RouteCanary(), NetworkCanary(3128)), desk, lambda message: True, told.append)
    rounds.begin()
    rounds.reply(b"reach 1 0 ")
    (gate,) = told[0].gates
    assert gate.name == "network" and not gate.holds and "beside the proxy" in gate.detail


def test_a_held_question_is_no_canary() -> None:
    """The desk answers for canaries alone; what waits for a human goes on waiting."""

    class Asks(Session):
        def ask(self, request: Request, foretold: Callable[[], None] | None = None) -> Reply:
            return HELD

    desk = CanaryDesk(Asks())
    desk.issue()
    assert desk.ask(desk.new_request("network", Connect("example.com", 443))) is HELD
