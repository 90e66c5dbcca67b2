"""What a protocol of callers has to say beside answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from governance.routing.names import ListedModel
from inference.values.error_answer import ErrorAnswer


class CallersProtocol(Protocol):
    """How callers of one protocol are told what went wrong."""

    @property
    def name(self) -> str: ...

    @property
    def HEARTBEAT(self) -> bytes:
        """A complete event or comment that keeps a silent stream alive."""
        ...

    @property
    def STATUSES(self) -> Mapping[int, int]:
        """What statuses this protocol does not know become."""
        ...

    def error_body(self, answer: ErrorAnswer, request_id: str) -> bytes: ...

    def error_event(self, answer: ErrorAnswer, request_id: str) -> bytes: ...

    def told_by_event(self, status: int, client: bytes) -> bool:
        """Whether this client, known by its `user-agent`, that asked for a stream acts upon an
        error of this status only where an event of a stream tells it."""
        ...

    def own_headers(self, request_id: str) -> list[tuple[bytes, bytes]]: ...

    def model(self, name: ListedModel) -> dict[str, Any]: ...

    def models(self, names: Iterable[ListedModel], *, has_more: bool = False) -> dict[str, Any]: ...
