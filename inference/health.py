"""How providers fare in this process: requests under way, and the health machine's states."""

from __future__ import annotations

from governance.routing.table import Provider
from inference.failures import Failure


class HealthBook:
    """Counts what is under way and remembers how attempts ended. One per process."""

    def __init__(self) -> None:
        self._busy: dict[str, int] = {}

    def take(self, provider: Provider) -> bool:
        """Whether the provider may be sent one more request; if so it counts as under way."""
        busy = self._busy.get(provider.name, 0)
        if provider.max_concurrency is not None and busy >= provider.max_concurrency:
            return False
        self._busy[provider.name] = busy + 1
        return True

    def give_back(self, provider: str) -> None:
        self._busy[provider] -= 1

    def under_way(self, provider: str) -> int:
        return self._busy.get(provider, 0)

    def succeeded(self, provider: Provider, model: str) -> None:
        pass

    def failed(self, provider: Provider, model: str, failure: Failure) -> None:
        pass

    def abandoned(self, provider: Provider, model: str) -> None:
        pass
