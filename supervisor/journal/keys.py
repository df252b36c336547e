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

_NAME = "checkpoint.ed25519"


def load_key(folder: Path) -> Ed25519PrivateKey:
    """The user's key in `folder`, made on first use (file mode 0600). Raises `JournalError`."""
    path = folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _create(path)
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError) as error:
        fix = "make the folder writable, or move the damaged key away to get a new one"
        raise JournalError(f"no signing key: {error}", where=str(path), fix=fix) from error


def _create(path: Path) -> None:
    secret = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # of two sessions that start at once, one key wins and both read it
        os.link(draft, path)
    draft.unlink()


def known_public(folder: Path) -> bytes | None:
    """The raw public key of this user, or `None` where no session has made one yet."""
    path = folder / _NAME
    try:
        return public_bytes(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
    except (OSError, ValueError):
        return None


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
