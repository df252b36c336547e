"""Approvers who log in: a receipt counts for one answer of one human, and stands the test again from the journal."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supervisor.commands.answer import Desk, _one
from supervisor.commands.approver_login import log_in_for
from supervisor.control import ControlServer
from supervisor.control.receipts import Receipts
from supervisor.core.session import Session
from supervisor.errors import UsageError
from supervisor.identity.oidc.values import DevicePrompt
from supervisor.journal.keys import load_key
from supervisor.journal.receipts import Recheck, receipt_of
from supervisor.journal.redact import Redactor
from supervisor.journal.replay import replay
from supervisor.journal.verify import Finding, verify
from supervisor.journal.writer import JournalWriter
from supervisor.model.codec import Json
from supervisor.model.effect import Effect
from supervisor.model.grant import Answer, Receipt, nonce_of
from supervisor.model.request import Exec
from supervisor.policy.scope import FourEyes
from supervisor.runtime import Runtime
from tests.control.quiet_host import QuietHost
from tests.core.desk import scope
from tests.identity.oidc.crooked import CLI, Crooked, crooked, visit

SECONDS = 30.0
ROLES = {"ann": ["developer"], "bob": ["approver"], "eve": ["developer"], "joe": ["approver"]}


class Stage:
    """A session of ann's under an issuer, with a push that wants an approver too."""

    def __init__(self, folder: Path, server: Crooked) -> None:
        self.folder, self.server, self.owner = folder, server, "sub-ann"
        self.scope = scope((Effect.ASK, "git push"), eyes=(FourEyes(("git push",)),))
        self.journal = JournalWriter(folder, session="s", key=load_key(folder / "keys"), redact=Redactor())

    async def run(self, talk: Callable[[Stage], Any]) -> Any:
        """What comes of a talk with the session, in a thread; the session ends with it."""
        runtime = Runtime(
            Session(self.scope),
            self.journal,
            session_id="s",
            agent="bash",
            wake=lambda moment: None,
            on_record=lambda record: control.journal_grew(),
        )
        wire = self.server.provider()
        receipts = Receipts(
            self.server.issuer,
            CLI,
            "s",
            fetch=wire._fetch_keys,
            owner=lambda: self.owner,
            clock=lambda: datetime.now(UTC),
        )
        place = self.folder / "place"
        place.mkdir()
        control = ControlServer(self.folder, "s", runtime, QuietHost(), screen=False, place=place, receipts=receipts)
        await control.start()
        runtime.ask(runtime.new_request("exec", Exec("/usr/bin/git", ("git", "push"), "/work", ("git",))))
        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.to_thread(talk, self)
        finally:
            await control.close(0, patience=0.2)
            self.journal.close()

    def nonce(self, digest: str, *, session: str = "s", escalation: str = "e1", choice: str = "once") -> str:
        """What a login for this answer is bound to."""
        return nonce_of(session, Answer(escalation, choice, digest))  # type: ignore[arg-type]

    def receipt(self, user: str, nonce: str | None, *, life: int = 300, **claims: Any) -> Receipt:
        """What the issuer signs when `user` has just logged in; `claims` says otherwise, `None` leaves one out."""
        now = int(datetime.now(UTC).timestamp())
        whole = {
            "sub": f"sub-{user}", "preferred_username": user, "azp": CLI, "aud": CLI, "typ": "ID", "nonce": nonce,
            "auth_time": now, "realm_access": {"roles": ROLES[user]},
        } | claims  # fmt: skip
        return receipt_of(self.server.signed({name: value for name, value in whole.items() if value is not None}, life))

    def says(self, user: str, choice: str = "once", *, receipt: Callable[[str], Receipt | None] | None = None) -> str:
        """What a human hears who reads the question and answers; the receipt is theirs unless it is given."""
        with Desk(self.folder / "control.sock") as desk:
            (waiting,) = desk.queue()
            desk.shown(waiting)
            given = Answer("e1", choice, waiting.digest)  # type: ignore[arg-type]
            needed = desk.proof(waiting, given)
            assert (needed is None) is (choice == "deny")
            if receipt is not None:
                proof = receipt(waiting.digest)
            else:
                proof = self.receipt(user, needed[0]) if needed else None
            taken, why = desk.give(given, proof)
            return why or "taken" if taken else f"not taken: {why}"

    def lines(self) -> list[Json]:
        """The journal."""
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_bytes().splitlines()]


@pytest.fixture
def server() -> Iterator[Crooked]:
    with crooked() as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, server: Crooked) -> Stage:
    return Stage(tmp_path, server)


async def test_two_logins_allow_and_the_journal_proves_it(stage: Stage) -> None:
    """The owner's and an approver's: it runs; both receipts are whole in the journal, which verifies and replays."""

    def talk(stage: Stage) -> list[str]:
        return [stage.says("ann"), stage.says("ann"), stage.says("bob")]

    assert await stage.run(talk) == [
        "taken; 1 more person must agree within 15 min",
        "not taken: you have allowed this already; another person must agree too",
        "taken",
    ]
    lines = stage.lines()
    answers = [line for line in lines if line["kind"] == "escalation.answered"]
    assert [line["by"] for line in answers] == ["ann (logged in)", "bob (logged in)"]
    assert [line["approver"]["id"] for line in answers] == [
        f"{stage.server.issuer} sub-ann",
        f"{stage.server.issuer} sub-bob",
    ]
    assert [line["approver"]["owner"] for line in answers] == [True, False]
    assert "redacted" not in json.dumps(lines)
    assert lines[0]["kind"] == "receipt.keys" and '"d"' not in lines[0]["keys"]
    assert verify(stage.folder).finding is Finding.GOOD
    assert replay([line for line in lines if line["kind"] != "receipt.keys"], stage.scope) is None


async def test_the_issuers_end_does_not_end_the_proof(stage: Stage) -> None:
    """With the issuer gone the journal's receipts are verified with the journal's keys."""
    assert (await stage.run(lambda stage: [stage.says("ann"), stage.says("bob")]))[-1] == "taken"
    stage.server.rotate()
    stage.server.issuer = ""
    assert verify(stage.folder).finding is Finding.GOOD


Case = Callable[[Stage, str], Receipt | None]

BAD: dict[str, tuple[Case, str]] = {
    "no login": (lambda stage, digest: None, "a login of your own"),
    "another question": (lambda stage, digest: stage.receipt("bob", stage.nonce("sha256:0")), "another question"),
    "a question that changed": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest[:-1] + "x")),
        "before it changed",
    ),
    "another escalation": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest, escalation="e2")),
        "another question",
    ),
    "another session": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest, session="t")),
        "another question",
    ),
    "another choice": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest, choice="task")),
        "another question",
    ),
    "no nonce": (lambda stage, digest: stage.receipt("bob", None), "another question"),
    "a stale login": (
        lambda stage, digest: stage.receipt(
            "bob", stage.nonce(digest), auth_time=int(datetime.now(UTC).timestamp()) - 90
        ),
        "s old, and at most 60 s",
    ),
    "a login of nobody knows when": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest), auth_time=None),
        "auth_time",
    ),
    "a wrong role": (
        lambda stage, digest: stage.receipt("eve", stage.nonce(digest)),
        "you do not have the role approver",
    ),
    "no role": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest), realm_access=None),
        "you do not have the role approver",
    ),
    "another client": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest), azp="shop", aud="shop"),
        "for another client",
    ),
    "an access token": (lambda stage, digest: stage.receipt("bob", stage.nonce(digest), typ="Bearer"), "is none"),
    "another issuer": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest), iss="https://other.example"),
        "another issuer",
    ),
    "nobody": (lambda stage, digest: stage.receipt("bob", stage.nonce(digest), sub=""), "does not say whose"),
    "a receipt that is over": (lambda stage, digest: stage.receipt("bob", stage.nonce(digest), life=-30), "over"),
    "the owner under another name": (
        lambda stage, digest: stage.receipt("bob", stage.nonce(digest), sub="sub-ann"),
        "you have allowed this already",
    ),
    "a changed signature": (
        lambda stage, digest: Receipt(
            (made := stage.receipt("bob", stage.nonce(digest))).protected,
            made.payload,
            made.signature[:-8] + "AAAAAAAA",
        ),
        "signature does not hold",
    ),
    "changed claims": (
        lambda stage, digest: Receipt(
            (made := stage.receipt("eve", stage.nonce(digest))).protected,
            base64.urlsafe_b64encode(
                base64.urlsafe_b64decode(made.payload + "==").replace(b"developer", b"approver")
            ).decode().rstrip("="),
            made.signature,
        ),
        "signature does not hold",
    ),
    "no token": (lambda stage, digest: Receipt("x", "y", "z"), "signed token is none"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(BAD))
async def test_what_is_no_receipt_does_not_count(stage: Stage, case: str) -> None:
    """After the owner's allow each of these leaves the push waiting, says why, and a good one still completes it."""
    make, why = BAD[case]

    def talk(stage: Stage) -> list[str]:
        return [
            stage.says("ann"),
            stage.says("bob", receipt=lambda digest: make(stage, digest)),
            stage.says("bob"),
        ]

    first, second, third = await stage.run(talk)
    assert first.startswith("taken; 1 more") and third == "taken"
    assert second.startswith("not taken: ") and why in second
    assert sum(line["kind"] == "escalation.answered" for line in stage.lines()) == 2


async def test_a_receipt_counts_once(stage: Stage) -> None:
    """The same receipt sent again, by whom ever, is the same human."""

    def talk(stage: Stage) -> list[str]:
        with Desk(stage.folder / "control.sock") as desk:
            digest = desk.queue()[0].digest
        kept = stage.receipt("bob", stage.nonce(digest))
        return [stage.says("bob", receipt=lambda _: kept), stage.says("joe", receipt=lambda _: kept)]

    first, second = await stage.run(talk)
    assert first.startswith("taken; 1 more") and "you have allowed this already" in second


async def test_a_deny_needs_no_login(stage: Stage) -> None:
    """One deny ends it, and nobody has to log in to be careful."""
    assert await stage.run(lambda stage: [stage.says("ann"), stage.says("ann", "deny")]) == [
        "taken; 1 more person must agree within 15 min",
        "taken",
    ]
    assert verify(stage.folder).finding is Finding.GOOD


async def test_without_a_known_owner_this_users_logins_are_the_owners(stage: Stage) -> None:
    """Where nobody knows under which login the session runs, two logins of its own OS user are not two humans."""
    stage.owner = ""
    first, second = await stage.run(lambda stage: [stage.says("ann"), stage.says("bob")])
    assert first.startswith("taken; 1 more") and "the session's owner has allowed this already" in second


async def test_a_key_that_was_rotated_in_is_on_record_before_its_receipt(stage: Stage) -> None:
    """What a new key signs is taken, and verifies from the journal alone."""

    def talk(stage: Stage) -> list[str]:
        first = stage.says("ann")
        stage.server.rotate()
        return [first, stage.says("bob")]

    assert (await stage.run(talk))[1] == "taken"
    kinds = [line["kind"] for line in stage.lines() if line["kind"] in ("receipt.keys", "escalation.answered")]
    assert kinds == ["receipt.keys", "escalation.answered", "receipt.keys", "escalation.answered"]
    assert verify(stage.folder).finding is Finding.GOOD


async def test_an_issuer_that_is_down_vouches_for_nobody(stage: Stage) -> None:
    """The session starts and says so; an allow is refused with why, and a deny still works."""
    stage.server.status["/realms/r/certs"] = 503
    first, second = await stage.run(lambda stage: [stage.says("ann"), stage.says("ann", "deny")])
    assert first.startswith("not taken: ") and second == "taken"
    assert stage.lines()[0]["kind"] == "fault"


async def _checked(stage: Stage, change: Callable[[list[Json]], None]) -> tuple[int, str]:
    """The first line that a journal with a change in it falls over, whoever computed its hashes anew."""
    assert (await stage.run(lambda stage: [stage.says("ann"), stage.says("bob")]))[-1] == "taken"
    lines, recheck = stage.lines(), Recheck("s")
    change(lines)
    for line in lines:
        if why := recheck.take(line):
            return line["seq"], why
    return -1, ""


def _answers(lines: list[Json]) -> list[Json]:
    return [line for line in lines if line["kind"] == "escalation.answered"]


CHANGES: dict[str, tuple[Callable[[list[Json]], Any], str]] = {
    "who": (lambda lines: _answers(lines)[1]["approver"].update(id="other sub-joe"), "not who the receipt says"),
    "their roles": (lambda lines: _answers(lines)[1]["approver"].update(roles=["admin"]), "not who the receipt says"),
    "no receipt": (lambda lines: _answers(lines)[1].pop("receipt"), "is missing"),
    "the kernel's word instead": (
        lambda lines: (_answers(lines)[1].pop("receipt"), _answers(lines)[1]["approver"].update(vouched="kernel")),
        "without the login",
    ),
    "another's receipt": (
        lambda lines: _answers(lines)[1].update(receipt=_answers(lines)[0]["receipt"]),
        "not who the receipt says",
    ),
    "another question": (
        lambda lines: [line.update(digest="sha256:0") for line in lines if line["kind"] == "escalation.opened"],
        "does not hold",
    ),
    "another time": (lambda lines: _answers(lines)[1].update(time="2026-01-01T00:00:00.000000Z"), "does not hold"),
    "no keys": (lambda lines: lines.pop(0), "keys of the issuer do not stand"),
    "other keys": (lambda lines: lines[0].update(keys='{"keys":[]}'), "a key that the journal does not name"),
    "keys that are none": (lambda lines: lines[0].update(keys="[]"), "not understood"),
    "keys without an end": (lambda lines: lines[0].update(keys="[" * 100_000), "not understood"),
    "another issuer later": (
        lambda lines: lines.insert(2, {**lines[0], "issuer": "https://other.example"}),
        "another issuer vouches",
    ),
    "nonsense": (lambda lines: _answers(lines)[0].update(approver=7), "not understood"),
}


@pytest.mark.parametrize("what", list(CHANGES))
async def test_a_changed_approval_is_found(stage: Stage, what: str) -> None:
    """Whoever can write a whole new chain still cannot write what the issuer signed."""
    change, why = CHANGES[what]
    seq, found = await _checked(stage, change)
    assert seq >= 0 and why in found


async def test_verify_names_the_line(stage: Stage) -> None:
    """What is wrong with a receipt is a change of that line."""
    from supervisor.journal.chain import line_hash
    from supervisor.model.codec import canonical

    assert (await stage.run(lambda stage: [stage.says("ann"), stage.says("bob")]))[-1] == "taken"
    lines, prev = stage.lines(), ""
    at = max(line["seq"] for line in _answers(lines))
    lines[at]["approver"]["roles"] = ["admin"]
    for line in lines[at:]:
        line["prev"] = prev or line["prev"]
        prev = line["hash"] = line_hash({key: value for key, value in line.items() if key != "hash"})
    (stage.folder / "journal.jsonl").write_text("".join(f"{canonical(line)}\n" for line in lines))
    found = verify(stage.folder)
    assert found.finding is Finding.CHANGED and found.line == at + 1 and "not who the receipt says" in found.detail


@pytest.fixture
def settings(tmp_path: Path, server: Crooked, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This user's own choice of the issuer."""
    path = tmp_path / "configuration" / "agent-supervise" / "identity.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"provider: keycloak\nissuer: {server.issuer}\nlogin_client: {CLI}\n")
    path.chmod(0o600)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    return path


def _with_roles(server: Crooked) -> None:
    """The issuer puts roles into ID tokens too, as the realm of `keycloak init` does."""

    def bend(path: str, body: dict[str, Any]) -> None:
        if "id_token" in body:
            claims = server._read(body["id_token"])
            body["id_token"] = server.signed(
                claims | {"realm_access": {"roles": ROLES[claims["preferred_username"]]}}, 300
            )

    server.bend = bend


async def test_a_real_login_is_a_receipt(stage: Stage, settings: Path) -> None:
    """A browser logs in afresh for one answer, with prompt, max_age and nonce; the login ends with its receipt."""
    _with_roles(stage.server)
    pages: list[str] = []

    def as_user(user: str) -> str:
        with Desk(stage.folder / "control.sock") as desk:
            (waiting,) = desk.queue()
            desk.shown(waiting)
            given = Answer("e1", "once", waiting.digest)
            needed = desk.proof(waiting, given)
            assert needed is not None

            def show(prompt: DevicePrompt) -> None:
                pages.append(prompt.page)
                visit(stage.server, prompt.page, user)

            taken, why = desk.give(given, log_in_for(*needed, show))
            return why or "taken" if taken else f"not taken: {why}"

    first, second = await stage.run(lambda stage: [as_user("ann"), as_user("bob")])
    assert first.startswith("taken; 1 more") and second == "taken"
    assert all("prompt=login" in page and "max_age=60" in page and "nonce=sha256" in page for page in pages)
    assert len(stage.server.paths("/revoke")) == 2 and not stage.server.sessions
    assert verify(stage.folder).finding is Finding.GOOD


async def test_answering_at_a_terminal_logs_in(stage: Stage, settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`once` opens the login; one that fails sends nothing and the question stays; the next one counts."""
    _with_roles(stage.server)
    told, tries = io.StringIO(), iter([False, True])

    def show(prompt: DevicePrompt) -> None:
        stage.server.refuse_login = "" if next(tries) else "access_denied"
        visit(stage.server, prompt.page, "ann")

    monkeypatch.setattr("supervisor.commands.login_shown.show_login", show)
    monkeypatch.setattr("sys.stdin", io.StringIO("once\nonce\nskip\n"))

    def talk(stage: Stage) -> None:
        with Desk(stage.folder / "control.sock") as desk:
            _one(desk, desk.queue()[0], 1, 1, told)

    await stage.run(talk)
    said = told.getvalue()
    assert "2 people; 0 agreed so far; of approver" in said
    assert said.index("this takes your own login") < said.index("not sent: ") < said.index("taken\n")
    assert [line["by"] for line in _answers(stage.lines())] == ["ann (logged in)"]


def test_nobody_is_sent_to_log_in_where_a_session_says(settings: Path, server: Crooked) -> None:
    """Only the issuer of this user's own configuration is asked, whatever the other end names."""

    def show(prompt: DevicePrompt) -> None:
        raise AssertionError(f"sent to {prompt.page}")

    for terms in ({"issuer": "https://phish.example", "client": CLI}, {"issuer": server.issuer, "client": "shop"}, {}):
        with pytest.raises(UsageError, match="have not configured"):
            log_in_for("n", terms, show)
    settings.unlink()
    with pytest.raises(UsageError, match="have not configured"):
        log_in_for("n", {"issuer": server.issuer, "client": CLI}, show)
