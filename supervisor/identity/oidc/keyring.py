"""A key in the kernel's keyring of this user: out of reach of files and backups, gone when the user's last process is.

The agent has the same user id, and its cell refuses `keyctl`, `add_key` and `request_key`. Sources: keyctl(2),
user-keyring(7); the numbers are those of the kernel's uapi headers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import secrets
from typing import Final, Protocol

DESCRIPTION: Final = b"agent-supervise:identity"
KEY_BYTES: Final = 32
KEPT_SECONDS: Final = 24 * 3600
"""A key that nobody used for so long goes away: nothing that it seals is in force any more."""
_NUMBERS: Final = {"x86_64": (248, 250), "aarch64": (217, 219)}
_USER_KEYRING: Final = -4
_READ, _SEARCH, _SET_TIMEOUT, _SETPERM = 11, 10, 15, 5
_OWN_ONLY: Final = 0x3F000000
"""Everything for who possesses the keyring, nothing for others, the same user by name among them."""


class Keyring(Protocol):
    """Where a key is kept that must not lie in a file."""

    def key(self) -> bytes | None:
        """The key of this user, made on first use; `None` where this system keeps none."""
        ...


class KernelKeyring:
    """The user keyring of Linux."""

    def __init__(self, description: bytes = DESCRIPTION) -> None:
        self._description = description
        self._add, self._keyctl = _NUMBERS.get(platform.machine(), (-1, -1))

    def key(self) -> bytes | None:
        """See `Keyring.key`."""
        if os.name != "posix" or self._add < 0:
            return None
        found = self._call(self._keyctl, _SEARCH, _USER_KEYRING, b"user", self._description, 0)
        if found < 0:
            made = secrets.token_bytes(KEY_BYTES)
            found = self._call(self._add, b"user", self._description, made, KEY_BYTES, _USER_KEYRING)
            if found < 0:
                return None
        room = ctypes.create_string_buffer(KEY_BYTES)
        if self._call(self._keyctl, _READ, found, room, KEY_BYTES) != KEY_BYTES:
            return None
        self._call(self._keyctl, _SET_TIMEOUT, found, KEPT_SECONDS)
        return room.raw

    def forget(self) -> None:
        """Take the key away: what it sealed can be opened by nobody."""
        found = self._call(self._keyctl, _SEARCH, _USER_KEYRING, b"user", self._description, 0)
        if found >= 0:
            self._call(self._keyctl, 3, found)  # KEYCTL_REVOKE
            self._call(self._keyctl, 9, found, _USER_KEYRING)  # KEYCTL_UNLINK

    @staticmethod
    def _call(number: int, *arguments: object) -> int:
        """A system call; negative where the kernel, or a filter in front of it, refuses."""
        library = ctypes.CDLL(None, use_errno=True)
        library.syscall.restype = ctypes.c_long
        given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
        return int(library.syscall(ctypes.c_long(number), *given))
