"""What in the text of a file makes tools run something, as words: equal words, nothing to tell. Total."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

_HARMLESS: Final = re.compile(
    r"core\.(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|"
    r"safecrlf|abbrev|quotepath|sharedrepository)"
    r"|remote\..*\.(?:fetch|tagopt|prune|mirror|skipdefaultupdate|partialclonefilter|promisor)"
    r"|branch\..*\.(?:remote|merge|rebase|pushremote|description|vscode-merge-base|gk-\S*|github-pr-owner-number)"
    r"|user\.(?:name|email)|init\.defaultbranch|pull\.(?:rebase|ff)|push\.(?:default|autosetupremote|followtags)"
    r"|fetch\.prune|merge\.(?:ff|conflictstyle)|rerere\.enabled|advice\..*|color\..*|gc\..*|pack\..*|index\.version"
    r"|submodule\..*\.active|submodule\.active|extensions\.(?:objectformat|refstorage|worktreeconfig|partialclone)"
    r"|lfs\.repositoryformatversion|feature\.manyfiles|maintenance\.(?:auto|strategy)"
)
_PLAIN_URL: Final = re.compile(r"(?:remote|submodule)\..*\.(?:url|pushurl)\Z")
_URL: Final = re.compile(r"(?:https?|ssh|git|file)://[^\s]*\Z|[\w.@-]+:[^:\s][^\s]*\Z|[./~\w][^:\s]*\Z")
_HEADER: Final = re.compile(r"\[\s*([A-Za-z0-9.-]+)(?:\s+\"((?:[^\"\\]|\\.)*)\")?\s*\]\s*")
_ENTRY: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?\Z")
_OUTSIDE: Final = re.compile(r"(?m)^[ \t]*(?:-?include|sinclude|import\??|mod)[ \t]+['\"]?((?:/|~|\.\./)[^\s'\"]*)")
_DRIVER: Final = re.compile(r"(?:^|\s)((?:filter|diff|merge)=\S+)")
_BUILT_IN: Final = frozenset(
    f"diff={name}"
    for name in (
        "ada bash bibtex cpp csharp css dts elixir fortran fountain golang html java kotlin markdown matlab objc "
        "pascal perl php python ruby rust scheme tex astextplain"
    ).split()
) | {"filter=lfs", "diff=lfs", "merge=lfs", "merge=union", "merge=binary", "merge=text", "merge=ours"}


def git_config(text: str) -> tuple[str, ...]:
    """The entries of a git configuration that are not known to be harmless, as `section.key=value`.

    A line that is not understood counts. See git-config(1), "CONFIGURATION FILE".
    """
    found: list[str] = []
    section = ""
    for line in text.replace("\\\n", "").splitlines():
        rest = line.strip()
        while head := _HEADER.match(rest):
            section = head[1].lower() + (f".{head[2]}" if head[2] is not None else "")
            rest = rest[head.end() :].strip()
        if not rest or rest[0] in "#;":
            continue
        entry = _ENTRY.match(rest)
        if entry is None:
            found.append(f"not understood: {rest}")
            continue
        key, value = f"{section}.{entry[1].lower()}", (entry[2] or "").strip().strip('"')
        if _HARMLESS.fullmatch(key) or (_PLAIN_URL.match(key) and _URL.match(value) and "::" not in value):
            continue
        found.append(f"{key}={value}")
    return tuple(sorted(found))


def scripts(text: str) -> tuple[str, ...]:
    """The scripts of a package.json, and what else in it names programs, as `name=command`."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return ("not understood",) if text.strip() else ()
    if not isinstance(whole, dict):
        return ()
    told = whole.get("scripts")
    found = [f"{name}={command}" for name, command in told.items()] if isinstance(told, dict) else []
    for key in ("husky", "lint-staged", "simple-git-hooks", "pre-commit", "packageManager"):
        if key in whole:
            found.append(f"{key}={json.dumps(whole[key], sort_keys=True)}")
    return tuple(sorted(found))


def attributes(text: str) -> tuple[str, ...]:
    """The drivers that a .gitattributes file names, but for those that git or LFS itself has."""
    return tuple(
        sorted(
            {word for line in text.splitlines() if not line.lstrip().startswith("#") for word in _DRIVER.findall(line)}
            - _BUILT_IN
        )
    )


def modules(text: str) -> tuple[str, ...]:
    """The places and update rules of a .gitmodules file."""
    return tuple(sorted(line.strip() for line in text.splitlines() if re.match(r"\s*(?:url|update|path)\s*=", line)))


def make(text: str) -> tuple[str, ...]:
    """The whole text counts; what it takes from outside of the workspace is said first."""
    outside = tuple(f"it includes {name}" for name in _OUTSIDE.findall(text))
    return (*outside, text)


def todo(text: str) -> tuple[str, ...]:
    """The commands of a rebase that has begun; see git-rebase(1), "INTERACTIVE MODE"."""
    return tuple(line.strip() for line in text.splitlines() if line.split(None, 1)[:1] in (["exec"], ["x"]))


def common(text: str) -> tuple[str, ...]:
    """A repository's commondir; `.` says nothing."""
    return () if text.strip() in ("", ".") else (text.strip(),)


TELLING: Final[dict[str, Callable[[str], tuple[str, ...]]]] = {
    "git config": git_config,
    "package.json": scripts,
    "gitattributes": attributes,
    "gitmodules": modules,
    "make": make,
    "commondir": common,
    "git todo": todo,
}
"""By `RunsLater.reads`."""
