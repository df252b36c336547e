"""What keeps allowed calls from the cloud, told to the session once for as long as it lasts."""

from __future__ import annotations

from supervisor.gates.asking import Asking


class Troubles:
    """What is the matter with each service, so that a hundred calls that fail alike are one line of the record."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._told: dict[str, str] = {}

    async def arose(self, service: str, why: str) -> None:
        """An allowed call of this botocore service was not sent, or not answered."""
        if self._told.get(service) == why:
            return
        known = why in self._told.values()
        self._told[service] = why
        if not known:
            await self._asking.fault(f"calls fail: {why}")

    def over(self, service: str) -> None:
        """A call of this service was answered."""
        self._told.pop(service, None)
