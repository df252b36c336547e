"""What a program start is called: one name per program, whatever its path, version suffix or alias."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "tofu": "terraform",
        "opentofu": "terraform",
        "aws2": "aws",
        "awsv2": "aws",
        "gmake": "make",
        "gnumake": "make",
        "nodejs": "node",
        "podman-remote": "podman",
        "docker.io": "docker",
        "yarnpkg": "yarn",
        "kubecolor": "kubectl",
        "batcat": "bat",
        "fdfind": "fd",
        "gfind": "find",
        "gxargs": "xargs",
        "genv": "env",
        "gtimeout": "timeout",
        "rbash": "bash",
        "lksh": "mksh",
        "pypy": "python",
        "bunx": "bunx",
    }
)
# python3.12, pip3, node-20, terraform1.9.2, terraform_1.9.2, bash-5.2, helm3; not g++-13's plus signs or `md5sum`.
_VERSIONED = re.compile(
    r"(python|pypy|pip|node|nodejs|terraform|tofu|opentofu|helm|ruby|perl|php|lua|java|bash|zsh|ksh|dash|busybox|aws|kubectl)"
    r"[-_]?v?[0-9]+(?:\.[0-9]+)*t?(?:[-_](?:linux|darwin|amd64|arm64|x86_64|aarch64))*\Z",
    re.ASCII,
)
_SUFFIXES = (".exe", ".cmd", ".bat")
_LOADER = re.compile(
    r"(?:ld-linux(?:-[a-z0-9_.-]+)?|ld-musl-[a-z0-9_]+|ld64|ld|ld-[0-9.]+)\.so(?:\.[0-9]+)?\Z", re.ASCII
)
_LONGEST = 255
"""NAME_MAX of Linux file systems: what is longer names no file."""


def base(path: str) -> str:
    """The last part of a path, as it is spelled."""
    return path.rstrip("/").rpartition("/")[2] if path.endswith("/") else path.rpartition("/")[2]


def program_name(path: str) -> str:
    """The one name of the program at `path`: `/usr/bin/python3.12` is `python`, `tofu` is `terraform`."""
    name = base(path)
    return _one_name(name) if len(name) <= _LONGEST else name


@lru_cache(maxsize=4096)
def _one_name(name: str) -> str:
    lower = name.lower()
    for suffix in _SUFFIXES:
        if lower.endswith(suffix) and len(lower) > len(suffix):
            name = lower.removesuffix(suffix)
    found = _VERSIONED.match(name)
    if found:
        name = found[1]
    return _ALIASES.get(name, name)


def is_loader(name: str) -> bool:
    """True for the dynamic linker, which runs the program that its arguments name, in its own process."""
    return _LOADER.match(name) is not None
