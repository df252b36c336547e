"""Techniques as values: what stands at the head of each file in `techniques/`.

A technique is one program that is run inside a real session and tries to harm production. Its first comment (or
docstring) tells the idea in a sentence; lines of `key: value` in the comments below say the rest:

    aims      what it would harm: marks, secret, process, remote, outside, host or aws
    control   `harms` (the same program, unsupervised, does harm; in parentheses what it needs: `root`), or
              `none (why)` where running it outside would end the developer's machine or has no meaning
    session   `shared` (the default), or `own` where nothing that comes later can run in the same session
    seconds   how long it may take, 5 unless told
    needs     `boto3` for a Python that has it, or the name of a program that has to be there

What was learnt goes to its output or into its own folder. Where what must not be possible leaves no trace in
production it says so itself, by a line that begins with `breach:`. It says `tried` on its standard output before the
step that matters, so that one that broke earlier is noticed, and exits with 77 (after saying why) where the attempt
cannot be made on this host.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
TECHNIQUES: Final = HERE / "techniques"
AIMS: Final = frozenset({"marks", "secret", "process", "remote", "outside", "host", "aws"})
KINDS: Final = (".py", ".sh", ".c")
SKIPPED: Final = 77
"""What a technique exits with that cannot be tried on this host."""
_HEAD_LINES: Final = 24
_SECONDS: Final = 5.0
_ATTEMPT_SECONDS: Final = 0.1
_FIELD: Final = re.compile(r"^(?:#|//|\s\*)\s*(aims|control|session|seconds|needs):\s*(\S.*?)\s*$", re.MULTILINE)
_IDEA: Final = {
    ".sh": re.compile(r"\A(?:#!.*\n)?#\s*(\S.*)"),
    ".c": re.compile(r"\A/\*\s*(\S.*?)\s*(?:\*/|\n)"),
}


class BadTechnique(Exception):
    """A technique whose head does not say what it has to."""


@dataclass(frozen=True, slots=True)
class Technique:
    """One attack. `control` is whether it has to do harm unsupervised; `why` says why not."""

    path: Path
    idea: str
    aims: str
    control: bool
    why: str
    root: bool
    own_session: bool
    seconds: float
    needs: str

    @property
    def name(self) -> str:
        """`folder/stem`."""
        return f"{self.group}/{self.path.stem}"

    @property
    def group(self) -> str:
        """Its folder."""
        return self.path.parent.name


def read(path: Path) -> Technique:
    """The technique in a file. Raises `BadTechnique`."""
    text = path.read_text()
    fields = dict(_FIELD.findall("\n".join(text.splitlines()[:_HEAD_LINES])))
    if path.suffix == ".py":
        idea = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    else:
        found = _IDEA[path.suffix].match(text)
        idea = found[1] if found else ""
    if not idea.endswith("."):
        raise BadTechnique(f"{path}: its first comment has to tell the idea in one sentence, in its first line")
    if fields.get("aims") not in AIMS:
        raise BadTechnique(f"{path}: `aims:` has to be one of {', '.join(sorted(AIMS))}")
    control = re.fullmatch(r"(harms|none)(?:\s*\((.+)\))?", fields.get("control", ""))
    if control is None or (control[1] == "none" and not control[2]):
        raise BadTechnique(f"{path}: `control:` has to be `harms`, `harms (root)` or `none (why)`")
    if fields.get("session", "shared") not in ("shared", "own"):
        raise BadTechnique(f"{path}: `session:` has to be `shared` or `own`")
    return Technique(
        path=path,
        idea=idea,
        aims=fields["aims"],
        control=control[1] == "harms",
        why=control[2] or "",
        root=control[1] == "harms" and control[2] == "root",
        own_session=fields.get("session") == "own",
        seconds=float(fields.get("seconds", _SECONDS)),
        needs=fields.get("needs", ""),
    )


def repeated(technique: Technique, attempts: int) -> Technique:
    """A race with the time that so many attempts take on a busy machine."""
    return replace(technique, seconds=technique.seconds + attempts * _ATTEMPT_SECONDS)


def paths() -> list[Path]:
    """The files of all techniques, by name."""
    return sorted(path for path in TECHNIQUES.glob("*/*") if path.suffix in KINDS)


def chunks(size: int = 40) -> dict[str, list[Path]]:
    """Techniques in portions of one folder each: `folder-1` to its files."""
    found: dict[str, list[Path]] = {}
    for folder in sorted({path.parent for path in paths()}):
        own = [path for path in paths() if path.parent == folder]
        count = -(-len(own) // size)
        found |= {f"{folder.name}-{part + 1}": own[part::count] for part in range(count)}
    return found
