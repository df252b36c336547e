"""`agent-supervise answer [SESSION]`: list what waits and answer it, from another terminal and without a console.

The whole question is printed before anything can be typed; an allow is a word that has to be spelled out, never a bare
Enter, and what cannot be undone wants its name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from supervisor.console.fold import take
from supervisor.console.link import short_path
from supervisor.console.story import Story, Waiting
from supervisor.core.arming import phrase
from supervisor.errors import HostError, SuperviseError, UsageError
from supervisor.journal.sessions import find_session
from supervisor.model.codec import Json, to_json
from supervisor.model.grant import Answer, nonce_of
from supervisor.model.visible import visible

if TYPE_CHECKING:
    from supervisor.model.grant import GrantOffer, Receipt

REPLY_SECONDS: Final = 10.0
_SPAN: Final = re.compile(r"([0-9]{1,6})([smh]?)")
_SECONDS_OF: Final = {"s": 1, "m": 60, "": 60, "h": 3600}
_WORDS: Final = "once, task N [MINUTES], deny [WHY], or skip"


@click.command()
@click.argument("session", default="", metavar="[SESSION]")
@click.option("--list", "only_list", is_flag=True, help="list what waits, one line each, and answer nothing")
@click.option("--grant-path", "path", metavar="PATH", help="show the agent a file or folder, for reading")
@click.option("--write", is_flag=True, help="with --grant-path: it may write there too")
@click.option("--for", "span", metavar="TIME", default="30m", show_default=True, help="how long the grant lasts")
@click.option(
    "--of", "owner", metavar="USER", help="a session of another user of this machine, who needs several people"
)
@click.option("--end-grant", "ended", metavar="GRANT", help="take a grant back by its id")
def answer(
    session: str, only_list: bool, path: str | None, write: bool, span: str, ended: str | None, owner: str | None
) -> int:
    """List what waits in a running session, by default the latest, and answer it question by question.

    Where a scope wants several people, each of them answers as a user of their own: `answer --of USER`.
    """
    if write and path is None:
        raise UsageError("--write belongs to --grant-path", fix="name the path: --grant-path PATH --write")
    if sum((only_list, path is not None, ended is not None)) > 1:
        raise UsageError("--list, --grant-path and --end-grant are three things", fix="do one of them at a time")
    if owner is not None and (path is not None or ended is not None):
        raise UsageError("grants are for the session's owner to give", fix="leave --of out, or answer what waits")
    minutes = minutes_of(span)
    with _desk(session, owner) as desk:
        queue = desk.queue()
        if path is not None or ended is not None:
            _need_human()
            return _grant_path(desk, path, write, minutes) if path is not None else _end_grant(desk, ended or "")
        if only_list or not queue:
            for waiting in queue:
                click.echo(f"{waiting.id}\t{_short(waiting)}")
            if not queue:
                click.echo("nothing waits" if owner is None else "nothing waits that you may answer", err=True)
            return 0
        _need_human()
        for place, waiting in enumerate(queue, 1):
            _one(desk, waiting, place, len(queue), sys.stderr)
    return 0


def _desk(session: str, owner: str | None) -> Desk:
    if owner is None:
        return Desk(find_session(os.environ, session, running=True).path / "control.sock")
    from supervisor.control.shared import find

    control, uid = find(owner, session)
    return Desk(control, uid)


def minutes_of(span: str) -> int:
    """Whole minutes of `90s`, `30m`, `2h` or a bare number of minutes, rounded up. Raises `UsageError`."""
    match = _SPAN.fullmatch(span.strip())
    if match is None or not int(match[1]):
        raise UsageError(f"--for {span} is no time", fix="write it as 30m or 2h")
    return -(-int(match[1]) * _SECONDS_OF[match[2]] // 60)


def _need_human() -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("an answer is given by a human at a terminal", fix="use --list to see what waits")


def _grant_path(desk: Desk, path: str, write: bool, minutes: int) -> int:
    """Show the agent a path, named from here; the grant's id goes to stdout."""
    whole = path if path.startswith(("/", "~")) else os.path.normpath(f"{Path.cwd()}/{path}")
    grant, why = desk.grant_path(whole, write, minutes)
    if not grant:
        raise UsageError(f"not granted: {why}")
    does = "read and write" if write else "read"
    click.echo(grant)
    click.echo(f"the agent may {does} {visible(whole)} for {minutes} min; to end it before:", err=True)
    click.echo(f"  agent-supervise answer --end-grant {grant}", err=True)
    return 0


def _end_grant(desk: Desk, grant: str) -> int:
    if grant not in desk.grants:
        held = ", ".join(desk.grants) or "none"
        raise UsageError(f"there is no grant {visible(grant)} now", fix=f"in force: {held}")
    desk.end_grant(grant)
    click.echo(f"{grant} has ended", err=True)
    return 0


class Desk:
    """A connection to a session that knows what waits there. Raises `HostError` when it breaks.

    `uid` is whose process must be at the other end, where anybody could have put a socket there.
    """

    def __init__(self, control: Path, uid: int | None = None) -> None:
        self._control, self._uid, self._story = control, uid, Story()
        self._session = ""
        self._receipts: Json | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(REPLY_SECONDS)

    def __enter__(self) -> Desk:
        try:
            with short_path(self._control) as path:
                self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise HostError(f"the session does not answer: {error.strerror}", where=str(self._control)) from error
        if self._uid is not None:
            self._must_be_of(self._uid)
        self._lines = self._read()
        self._send({"type": "hello", "console": f"answer-{os.getpid()}", "columns": 0, "rows": 0, "since": 0})
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()  # it holds the socket as a file
        self._socket.close()

    def _must_be_of(self, uid: int) -> None:
        from supervisor.control.shared import is_of

        if not is_of(self._socket, uid):
            self._socket.close()
            raise HostError("another user's process is there", where=str(self._control), fix="ask whose session it is")

    def queue(self) -> list[Waiting]:
        """What waits now."""
        self._until(lambda message: message.get("type") == "current")
        return self._story.queue()

    def open(self, waiting: Waiting) -> bool:
        """Whether a question still waits as it was read."""
        now = self._story.waiting.get(waiting.id)
        return now is not None and now.digest == waiting.digest

    def changed(self, waiting: Waiting) -> Waiting | None:
        """The question as it waits now, if it is another one than was read: a burst of calls grows it."""
        now = self._story.waiting.get(waiting.id)
        return now if now is not None and now.digest != waiting.digest else None

    def shown(self, waiting: Waiting) -> None:
        """The whole question is on the terminal."""
        self._send({"type": "shown", "escalation": waiting.id, "digest": waiting.digest})

    def proof(self, waiting: Waiting, answer: Answer) -> tuple[str, Json] | None:
        """What a login that this answer needs is to be bound to, and where it is taken; `None` where it needs none."""
        if self._receipts is None or answer.choice == "deny" or waiting.decision.four_eyes < 2:
            return None
        return nonce_of(self._session, answer), self._receipts

    def give(self, answer: Answer, receipt: Receipt | None = None) -> tuple[bool, str]:
        """Send an answer: whether it was taken, and what the session says."""
        proof = {} if receipt is None else {"receipt": to_json(receipt)}
        self._send({"type": "answer", "answer": to_json(answer), **proof})
        reply = self._until(
            lambda message: message.get("type") == "answered" and message.get("escalation") == answer.escalation
        )
        return reply.get("accepted") is True, str(reply.get("why", ""))

    @property
    def grants(self) -> list[str]:
        """The ids of the grants in force, oldest first."""
        return list(self._story.grants)

    def grant_path(self, path: str, write: bool, minutes: int) -> tuple[str, str]:
        """Have a path shown to the agent: the grant's id, or why there is none."""
        self._send({"type": "grant_path", "path": path, "write": write, "minutes": minutes})
        reply = self._until(lambda message: message.get("type") == "granted" and message.get("path") == path)
        return str(reply.get("grant", "")), str(reply.get("why", ""))

    def end_grant(self, grant: str) -> None:
        """Take a grant back; returns when it has ended."""
        self._send({"type": "end_grant", "grant": grant})
        self._until(lambda message: grant not in self._story.grants)

    def _until(self, wanted: object) -> Json:
        for message in self._lines:
            if message.get("type") == "welcome":
                told = message.get("receipts")
                self._session, self._receipts = str(message.get("session")), told if isinstance(told, dict) else None
            if message.get("type") == "records":
                for line in message["records"]:
                    take(self._story, line)
            if wanted(message):  # type: ignore[operator]
                return message
            if message.get("type") == "ended":
                break
        raise HostError("the session has ended", fix="`agent-supervise sessions` shows how")

    def _send(self, message: Json) -> None:
        self._socket.sendall(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def _read(self) -> Generator[Json]:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    yield json.loads(line)
        except (OSError, ValueError) as error:
            raise HostError(f"the session does not answer: {error}", where=str(self._control)) from error


def _one(desk: Desk, waiting: Waiting, place: int, total: int, out: TextIO) -> None:
    _print(waiting, place, total, out)
    desk.shown(waiting)
    while True:
        print(f"\n{_WORDS}: ", end="", file=out, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise click.Abort
        word, _, rest = line.strip().partition(" ")
        given = _understood(waiting, word, rest.strip(), out)
        if word == "skip":
            return
        if given is None:
            continue
        try:
            receipt = _receipt(desk, waiting, given, out)
        except SuperviseError as error:
            print(f"not sent: {error}", file=out)
            continue
        taken, why = desk.give(given, receipt)
        print("taken" if taken else f"not taken: {why}", file=out)
        if taken and why:
            print(why, file=out)
        later = desk.changed(waiting)
        if later is not None and not taken:
            print("it is about more than before; this is what waits now", file=out)
            _one(desk, later, place, total, out)
            return
        if taken or not desk.open(waiting):
            return


def _receipt(desk: Desk, waiting: Waiting, given: Answer, out: TextIO) -> Receipt | None:
    """The proof of who answers, where that takes a login of their own."""
    needed = desk.proof(waiting, given)
    if needed is None:
        return None
    from supervisor.commands.approver_login import log_in_for
    from supervisor.commands.login_shown import show_login

    print("this takes your own login, made for this answer", file=out)
    return log_in_for(*needed, show_login)


def _understood(waiting: Waiting, word: str, rest: str, out: TextIO) -> Answer | None:
    if word == "deny":
        return Answer(waiting.id, "deny", waiting.digest, message=rest)
    if word == "once" and not rest:
        return Answer(waiting.id, "once", waiting.digest, typed=_name(waiting, out))
    if word == "task":
        number, _, minutes = rest.partition(" ")
        offer = _offer(waiting, number)
        if offer is None:
            print(f"name one of the {len(waiting.offers)} grants by its number", file=out)
            return None
        if minutes and not minutes.isdigit():
            print("minutes are a number", file=out)
            return None
        lasting = int(minutes) if minutes else offer.minutes
        return Answer(waiting.id, "task", waiting.digest, matcher=offer.matcher, minutes=lasting)
    if word != "skip":
        print(f"not understood: write {_WORDS}", file=out)
    return None


def _offer(waiting: Waiting, number: str) -> GrantOffer | None:
    at = int(number) - 1 if number.isdigit() else -1
    return waiting.offers[at] if 0 <= at < len(waiting.offers) else None


def _name(waiting: Waiting, out: TextIO) -> str:
    wanted = phrase(waiting.decision.irreversible)
    if not wanted:
        return ""
    print(f"this cannot be undone; type {visible(wanted)} to allow it: ", end="", file=out, flush=True)
    return sys.stdin.readline().rstrip("\n")


def _short(waiting: Waiting) -> str:
    from supervisor.console.words import short

    return short(waiting.request.action)


def _print(waiting: Waiting, place: int, total: int, out: TextIO) -> None:
    from supervisor.console.card.draw import request_rows
    from supervisor.console.look import UNICODE

    width = min(shutil.get_terminal_size().columns, 100)
    print(f"\nquestion {place} of {total} ({waiting.id})", file=out)
    for row in request_rows(waiting, width, UNICODE):
        print(row.plain.rstrip(), file=out)
    for number, offer in enumerate(waiting.offers, 1):
        print(f"  task {number}: {visible(offer.label)} for {offer.minutes} min", file=out)
