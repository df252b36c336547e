"""The developer's signing key for checkpoints: made once, kept outside every session's folder.

The key lies where the agent's cell does not reach. A signature therefore shows that a journal was closed by this
user's supervisor and not changed since by anyone without that key; it shows nothing against the user themself.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from supervisor.errors import JournalError
from supervisor.journal.private import FILE_MODE, make_private, open_private, sync_folder

_NAME = "checkpoint.ed25519"


def load_key(folder: Path) -> Ed25519PrivateKey:
    """The user's key in `folder`, made on first use (file mode 0600). Raises `JournalError`."""
    path = make_private(folder) / _NAME
    try:
        if not os.path.lexists(path):
            _create(path)
        return _read(path)
    except (OSError, ValueError) as error:
        fix = "make the folder writable, or move the damaged key away to get a new one"
        raise JournalError(f"no signing key: {error}", where=str(path), fix=fix) from error


def _read(path: Path) -> Ed25519PrivateKey:
    """The key in a file that is ours alone. Raises `OSError`, `ValueError`, `JournalError`."""
    with os.fdopen(open_private(path), "rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise JournalError(
                "other users may read the signing key", where=str(path), fix="move it away to get a new one"
            )
        return Ed25519PrivateKey.from_private_bytes(file.read(64))


def _create(path: Path) -> None:
    secret = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # of two sessions that start at once, one key wins and both read it
        os.link(draft, path)
    draft.unlink()
    sync_folder(path.parent)


def known_public(folder: Path) -> bytes | None:
    """The raw public key of this user, or `None` where no session has made one yet. Raises `JournalError`.

    A key that is there and cannot be used is an error: else whoever damages it makes every signature acceptable.
    """
    try:
        return public_bytes(_read(folder / _NAME))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = f"the signing key cannot be used, so no signature can be checked: {error}"
        raise JournalError(why, where=str(folder / _NAME)) from error


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signature_holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` over `message` was made by the key whose public half is `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
