"""Readers of what outlives a moment: journals, recordings, checkpoints, scopes, and text on its way to a screen."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from supervisor.console.fold import take
from supervisor.console.story import Story
from supervisor.emulator.hostile import calm, link, plain, row_text
from supervisor.errors import JournalError, ScopeError
from supervisor.journal.cast_reader import CastReader
from supervisor.journal.checkpoint import read_checkpoint
from supervisor.journal.reader import parse_line, read
from supervisor.journal.redact import Redactor
from supervisor.journal.replay import replay
from supervisor.journal.verify import Finding, verify
from supervisor.model.codec import Malformed, from_json, to_json
from supervisor.model.event import Record
from supervisor.model.visible import from_visible, visible
from supervisor.policy.load import load
from supervisor.policy.scope import Scope, Source
from tests.fuzz.reader import Reader

STARTED = (
    b'{"seq":0,"time":"2026-02-01T12:00:00.000000Z","kind":"session.started","session":"s","agent":["c'
    b'laude"],"workspace":"/w","user":"d","version":"1","prev":"","hash":"x"}'
)
REQUEST = (
    b'{"id":"r1","gate":"exec","subject":{"session":"s","agent":"a"},"action":{"kind":"exec","program"'
    b':"/bin/sh","argv":["sh","-c","x"],"cwd":"/w"}}'
)
DECISION = (
    b'{"seq":1,"time":"2026-02-01T12:00:01Z","kind":"decision","request":'
    + REQUEST
    + b',"effect":"ask","decision":{"effect":"ask","explain":"x","scope":"sha256:1"},"prev":"x","hash":"y"}'
)
OPENED = (
    b'{"seq":2,"time":"2026-02-01T12:00:01Z","kind":"escalation.opened","escalation":"e1","request":'
    + REQUEST
    + b',"decision":{"effect":"ask","explain":"x","scope":"sha256:1"},"digest":"d","expires":"2026-02-01T12:15:01Z"}'
)
ANSWERED = (
    b'{"seq":3,"time":"2026-02-01T12:00:02Z","kind":"escalation.answered","escalation":"e1","choice":"'
    b'once","by":"d","dwell_ms":10}'
)
LINES = b"\n".join((STARTED, DECISION, OPENED, ANSWERED)) + b"\n"
SCOPE = b"""scope: site
task: Deploy ${what}
parameters: {what: {ask: What, default: it, pattern: "[a-z]+"}}
expires: 2h
aws:
  account: "123456789012"
  rules:
    - allow: [s3:GetObject]
      on: ["arn:aws:s3:::bucket/*"]
    - allow: ["ec2:*"]
      where: {tag: {env: [dev, test]}}
commands: {rules: [{deny: [terraform destroy], because: no}], otherwise: allow}
network: {rules: [{allow: ["a.example:443"]}], otherwise: ask, expose: [5173]}
approvals: {wait: 15m, four_eyes: [{on: ["rds:*"], count: 2}]}
examples: [{run: terraform destroy, expect: deny}]
"""
CAST = b'{"version":3,"term":{"cols":80,"rows":24}}\n[0.1,"o","hello"]\n[0.2,"r","100x30"]\n[0.1,"x","0"]\n'


def journal_line(data: bytes) -> None:
    """A line is an object or none, a record or malformed; the story goes on whatever it is."""
    story = Story()
    for text in data.split(b"\n"):
        line = parse_line(text)
        if line is None:
            continue
        with suppress(Malformed):
            record = from_json(
                Record, {key: value for key, value in line.items() if key not in ("seq", "time", "prev", "hash")}
            )
            assert from_json(Record, to_json(record)) == record
        take(story, line)


def journal_folder(data: bytes) -> None:
    """A folder of foreign bytes never verifies, and is read to its end or refused."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("journal.jsonl", "checkpoint.json", "terminal.cast"):
            (folder / file).write_bytes(data)
            (folder / file).chmod(0o600)
        with suppress(JournalError):
            assert verify(folder).finding is not Finding.GOOD
        with suppress(JournalError):
            lines = list(read(folder))
            with suppress(Malformed):
                replay(lines, Scope("s", "t", "sha256:1", Source("s.yaml", 1)))
        with suppress(JournalError):
            read_checkpoint(folder / "checkpoint.json")
        with suppress(JournalError):
            cast = CastReader(folder / "terminal.cast")
            list(cast.events())
            cast.size_at(1.0)


def scope_file(data: bytes) -> None:
    """A scope's text loads, or it is said why not; what leaves the cell is never allowed by default."""
    text = data.decode("utf-8", "replace")
    try:
        scope = load("site", {"site": ("site.yaml", text)}.get, {})
    except ScopeError as error:
        assert error.what
        return
    assert scope.aws.otherwise.word != "allow" and scope.network.otherwise.word != "allow"
    assert from_json(Scope, to_json(scope)) == scope


def shown(data: bytes) -> None:
    """What is shown has no character that acts, and hides no difference."""
    text = data.decode("utf-8", "surrogateescape")
    told = visible(text)
    assert told.isprintable() and from_visible(told) == text
    for safe in (plain(text), plain(data), link(data).decode("ascii", "replace")):
        assert "\x1b" not in safe and "\x9b" not in safe and "\n" not in safe
    assert b"\x1b" not in calm(data) or b"\x1b" in data
    row_text(data)
    Redactor.of_environment({"AWS_SECRET_ACCESS_KEY": "PLANTED-SECRET"}).text(text)


READERS = (
    Reader(
        "journal lines",
        journal_line,
        (LINES, STARTED, DECISION, OPENED + b"\n" + ANSWERED),
        (b'"kind":"verdict"', b"null", b"\n", b'"seq":0', b"[]", b"1e999", b"\\ud800", b'"effect":"allow"'),
        (b'{"a":', b"["),
    ),
    Reader(
        "journal folder",
        journal_folder,
        (LINES, CAST, b'{"chain":"a","size":1,"head":"x","signature":"y"}'),
        (b"\n", b'"prev":', b'["o",', b"[1e308,"),
        (b"[",),
    ),
    Reader(
        "scope file",
        scope_file,
        (SCOPE,),
        (b"${", b"*a", b"&a ", b"!!python/object:x ", b"<<: ", b"- ", b": ", b"allow", b"\t", b"{", b"|\n", b"'"),
        (b"- ", b"{a: ", b"? ", b"["),
    ),
    Reader(
        "text on a screen",
        shown,
        ("\u202e\u001b]52;c;aGk=\u0007[@click=app.quit]".encode(), b"https://a.example/\x1b\\x", b"\xff\xfe\x9b31m"),
        (b"\x1b]0;", b"\x1b[", b"\xe2\x80\xae", b"\xf3\xa0\x81\x81", b"[/]"),
    ),
)
