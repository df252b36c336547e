"""Sessions on disk, made through the real writer from the scenarios that the screens are tested with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from supervisor.journal.account import JOURNAL_FIELDS
from supervisor.journal.cast import CastWriter
from supervisor.journal.keys import load_key
from supervisor.journal.redact import Redactor
from supervisor.journal.sessions import SessionFolder, keys_folder, new_session
from supervisor.journal.writer import JournalWriter
from supervisor.model.codec import Json, from_json, parse_rfc3339
from supervisor.model.event import Record
from tests.scenarios.journal import Lines


def written(
    environment: Mapping[str, str], lines: Lines, *, close: bool = True, record: bool = False, after: float = 0
) -> SessionFolder:
    """A session of these lines, that started `after` seconds later than they say; `close` ends it."""
    start = parse_rfc3339(lines.lines[0]["time"]) + timedelta(seconds=after)
    folder = new_session(environment, start)
    journal = JournalWriter(folder.path, session=folder.id, key=load_key(keys_folder(environment)), redact=Redactor())
    digest = recording(folder) if record else ""
    for line in lines.lines:
        journal.append(from_json(Record, _fields(line, folder.id, digest)), now=parse_rfc3339(line["time"]))
    if close:
        journal.close()
        folder.release()
    return folder


def recording(folder: SessionFolder) -> str:
    """A short recording in the session's folder; its SHA-256."""
    cast = CastWriter(folder.cast, 80, 24, timestamp=1769947200)
    cast.output("dev@host:~$ grüße\r\n".encode(), 0.5)
    cast.exit(0, 1.0)
    return cast.close()


def _fields(line: Json, session: str, digest: str) -> Json:
    fields = {key: value for key, value in line.items() if key not in JOURNAL_FIELDS}
    if fields["kind"] == "session.started":
        fields["session"] = session
    if fields["kind"] == "session.ended" and digest:
        fields["cast_sha256"] = digest
    return fields
