"""Configuration texts that a cell gets in place of the real ones: what tools need of them, without their secrets."""

from __future__ import annotations

import re

from supervisor.cell.environment import carries_credential

_GIT_KEPT = {
    "user": {"name", "email"},
    "init": {"defaultbranch"},
    "core": {"autocrlf", "eol", "safecrlf", "quotepath", "precomposeunicode", "abbrev", "ignorecase", "filemode"},
    "pull": {"rebase", "ff"},
    "push": {"default", "autosetupremote", "followtags"},
    "fetch": {"prune"},
    "merge": {"conflictstyle", "ff"},
    "rebase": {"autostash", "autosquash"},
    "diff": {"algorithm", "colormoved", "renames", "mnemonicprefix"},
    "color": {"ui"},
    "branch": {"sort", "autosetuprebase"},
    "rerere": {"enabled"},
    "column": {"ui"},
    "log": {"date"},
    "status": {"showuntrackedfiles"},
    "submodule": {"recurse"},
    "advice": None,
}
_GIT_SECTION = re.compile(r"\s*\[([A-Za-z0-9.-]+)\]\s*(?:[#;].*)?\Z")
_GIT_ENTRY = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?\Z")
_NPM_KEPT = re.compile(
    r"(?:@[\w.-]+:)?registry|cafile|strict-ssl|save-exact|save-prefix|fund|audit|update-notifier|engine-strict|"
    r"legacy-peer-deps|package-lock|omit|include|prefer-offline|fetch-\w+|loglevel|progress|yes|nodedir|"
    r"omit-lockfile-registry-resolved|node-linker|shamefully-hoist|auto-install-peers"
)
_PIP_KEPT = re.compile(
    r"index-url|extra-index-url|find-links|trusted-host|timeout|retries|cert|no-index|prefer-binary|"
    r"disable-pip-version-check|require-virtualenv|break-system-packages|no-cache-dir|only-binary|no-binary"
)
_SECTION = re.compile(r"\[[\w.-]+\]\Z")


def git_config(text: str) -> str:
    """Of a user's git configuration: who commits and how, no helpers, hooks, filters, URLs or headers.

    Sections with a subsection, and values that go over several lines, are left out.
    """
    kept: list[str] = []
    section = ""
    continued = False
    for line in text.splitlines():
        part_of_last, continued = continued, line.endswith("\\")
        if part_of_last or continued:
            continue
        head = _GIT_SECTION.match(line)
        if head:
            section = head[1].lower()
            if section in _GIT_KEPT:
                kept.append(f"[{section}]")
            continue
        if line.lstrip().startswith("["):
            section = ""
            continue
        entry = _GIT_ENTRY.match(line)
        if not entry or section not in _GIT_KEPT:
            continue
        names = _GIT_KEPT[section]
        value = entry[2]
        if (names is None or entry[1].lower() in names) and not carries_credential(value or ""):
            kept.append(f"\t{entry[1]}" if value is None else f"\t{entry[1]} = {value}")
    return "".join(f"{line}\n" for line in kept)


def npm_config(text: str) -> str:
    """Of an npmrc: registries and harmless switches, no tokens, passwords, programs or URLs that carry a login."""
    kept = []
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and _NPM_KEPT.fullmatch(name.strip()) and not carries_credential(value) and "${" not in value:
            kept.append(f"{name.strip()}={value.strip()}\n")
    return "".join(kept)


def pip_config(text: str) -> str:
    """Of a pip.conf: where packages come from, without entries that carry a login."""
    kept = []
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if _SECTION.match(line.strip()):
            kept.append(f"{line.strip()}\n")
        elif separator and _PIP_KEPT.fullmatch(name.strip().replace("_", "-")) and not carries_credential(value):
            kept.append(f"{name.strip()} = {value.strip()}\n")
    return "".join(kept)


def passwd(text: str, uid: int, gid: int, name: str, home: str, shell: str) -> str:
    """The host's passwd with one line for the agent's user in place of whoever has its id or name."""
    lines = [f"{name}:x:{uid}:{gid}:supervised agent:{home}:{shell}"]
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[2] != str(uid) and fields[0] != name:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def group(text: str, gid: int, name: str) -> str:
    """The host's groups, without their members, with one line for the agent's group."""
    lines = [f"{name}:x:{gid}:"]
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 4 and fields[2] != str(gid) and fields[0] != name:
            lines.append(f"{fields[0]}:x:{fields[2]}:")
    return "".join(f"{line}\n" for line in lines)
