"""A credential as a value that shows its secrets to nobody who prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request to AWS is signed with. `token` is empty for long-term keys, `expires` (aware) then `None`.

    `acts_as` is the identity that AWS sees, as an ARN where it is known.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: datetime | None = None
    acts_as: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must not be seen anywhere."""
        return tuple(text for text in (self.secret_key, self.token) if text)
