"""Which words of an argument list are passwords, told by the words around them.

A password that is a word of its own looks like any other word: what gives it away is the flag before it, the program
that takes it, or the variable whose value it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisor.journal.shapes import SECRET_FLAG, SECRET_NAME

_TAKES: Final = {
    "sshpass": ("-p",),
    "redis-cli": ("-a", "--pass"),
    "ldapsearch": ("-w",),
    "ldapmodify": ("-w",),
    "docker login": ("-p",),
    "podman login": ("-p",),
    "helm login": ("-p",),
    "az login": ("-p",),
}
_USERS: Final = frozenset({"curl", "wget", "http", "https", "xh"})
_GLUED: Final = frozenset({"mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "sshpass"})

NEEDLES: Final = ("passw", "passp", "secret", "token", "api", "access", "auth", "private", "login", "ldap")
NEEDLES_OF_PROGRAMS: Final = ("sshpass", "redis-cli", "curl", "wget", "http", "xh", "mysql", "mariadb")
"""One of these stands, in lower case, in every list in which something is found."""


def passwords(words: Sequence[object]) -> dict[int, tuple[str, str]]:
    """The places of passwords, each with what of the word stays in front and what kind it is."""
    found: dict[int, tuple[str, str]] = {}
    program = _program(words)
    takes = _TAKES.get(program, ())
    for place, word in enumerate(words):
        if not isinstance(word, str):
            continue
        if program in _GLUED and word.startswith("-p") and len(word) > 2 and place:
            found[place] = ("-p", "password")
        following = words[place + 1] if place + 1 < len(words) else None
        if not isinstance(following, str) or not following:
            continue
        if (SECRET_FLAG.match(word) and not following.startswith("--")) or word in takes:
            found[place + 1] = ("", "password")
        elif len(words) == 2 and SECRET_NAME.match(word):
            found[1] = ("", word.rpartition("_")[2].lower())
        elif program in _USERS and word in ("-u", "--user", "-a", "--auth", "--proxy-user") and ":" in following:
            found[place + 1] = (following.partition(":")[0] + ":", "password")
    return found


def _program(words: Sequence[object]) -> str:
    """The program's name, with ` login` where that is what it does."""
    if not words or not isinstance(words[0], str):
        return ""
    name = words[0].rpartition("/")[2]
    return f"{name} login" if "login" in words[1:4] else name
