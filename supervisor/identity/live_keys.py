"""The developer's keys as they are now: looked up anew once AWS does not take those any more that were found first.

botocore renews what it knows how to renew (SSO, roles, processes). Keys that another program writes into the shared
files are read once, and would be held for good.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from supervisor.errors import SuperviseError

LEAST_SECONDS: Final = 5.0
"""Between two look-ups: they may contact SSO or run a `credential_process`."""


class LiveKeys:
    """Credentials of botocore that can be found again. Any thread may call."""

    def __init__(self, keys: Any, find: Callable[[], Any], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`find` gives a botocore credentials object, `None` where there is none now; it may raise `SuperviseError`."""
        self._keys, self._find, self._monotonic = keys, find, monotonic
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def get_frozen_credentials(self) -> Any:
        """See `botocore.credentials.Credentials`."""
        return self._keys.get_frozen_credentials()

    def look_again(self) -> bool:
        """Look the keys up as if for the first time; true if others of the same kind were found, which count now."""
        with self._lock:
            now = self._monotonic()
            if now - self._looked < LEAST_SECONDS:
                return False
            self._looked = now
            try:
                found = self._find()
                old, new = self._frozen(self._keys), self._frozen(found)
            except Exception as error:
                if isinstance(error, SuperviseError) or type(error).__module__.startswith("botocore"):
                    return False
                raise
            # Keys of a user are no session's: another way would lead from them to narrower ones.
            if new is None or new == old or (old is not None and bool(old[2]) is not bool(new[2])):
                return False
            self._keys = found
            return True

    @staticmethod
    def _frozen(keys: Any) -> tuple[str, str, str] | None:
        if keys is None:
            return None
        frozen = keys.get_frozen_credentials()
        return frozen.access_key, frozen.secret_key, frozen.token or ""
