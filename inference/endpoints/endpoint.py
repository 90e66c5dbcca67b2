"""An endpoint of `/v1` as data: what it reads and which protocol its callers speak."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from governance.routing.names import ListedModel
from inference.edge.problem import Problem
from inference.endpoints.parsed_request import ParsedRequest


class CallersProtocol(Protocol):
    """How callers of one protocol are told what went wrong."""

    name: str
    HEARTBEAT: bytes
    STATUSES: Mapping[int, int]
    """What statuses this protocol does not know become."""

    def error_body(self, problem: Problem, request_id: str) -> bytes: ...

    def error_event(self, problem: Problem, request_id: str) -> bytes: ...

    def own_headers(self, request_id: str) -> list[tuple[bytes, bytes]]: ...

    def model(self, name: ListedModel) -> dict[str, Any]: ...

    def models(self, names: Iterable[ListedModel], *, has_more: bool = False) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the chat API."""

    path: str
    request_type: str
    protocol: CallersProtocol
    read: Callable[[bytes, Mapping[bytes, bytes]], ParsedRequest]
    """Raises `BadRequest`."""
