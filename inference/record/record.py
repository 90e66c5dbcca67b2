"""What is known of one request while it runs, and whom that is handed to when it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from governance.interactions.record import AttemptRecord, NamedRef, Usage
from governance.limits.counting.admission import Lease
from governance.limits.counting.allotment import Tally
from governance.routing.plan import Candidate, Plan
from governance.routing.request import RoutingRequest
from governance.routing.table import VirtualKey

UNKNOWN_MODEL: Final = "unknown_model"
"""Why local inference answers: nobody knows the model that was asked for."""
NO_CANDIDATE: Final = "no_candidate"
"""Why local inference answers: no target could be tried."""


KEPT_BYTES: Final = 1024 * 1024
"""Of a request, and of an answer as it was sent, where content is kept; the rest is left out."""


class Content(msgspec.Struct):
    """What the caller sent and what they were sent, both in their protocol."""

    request: bytes
    answer: list[bytes] = msgspec.field(default_factory=list)
    """In pieces, as they left."""
    size: int = 0
    """Bytes of both that are kept."""

    def __repr__(self) -> str:
        """Without what was said."""
        return f"Content({self.size} bytes)"


class Settling(Protocol):
    """The limits of a request, which end with its record."""

    def settle(self, context: RequestContext) -> None: ...

    def headers(self, protocol: str) -> list[tuple[bytes, bytes]]: ...

    def begin(self, candidate: Candidate) -> Lease: ...

    def failed(self, lease: Lease) -> None: ...


class RequestContext(msgspec.Struct):
    """What happens to one request; grows while it is carried, and is kept when it ends."""

    id: str
    protocol: str
    started: float
    """Monotonic seconds."""
    at: float
    """Unix time in seconds."""
    routing_request: RoutingRequest | None = None
    virtual_key: VirtualKey | None = None
    session: str = ""
    """The conversation or agent run the request is part of, where that is known."""
    routed_session: str = ""
    """The session whose target is remembered, within its key and profile; empty where requests do
    not stick."""
    plan: Plan | None = None
    attempts: list[AttemptRecord] = msgspec.field(default_factory=list)
    status: int = 0
    """HTTP status sent to the caller; 0 when they left before any."""
    outcome: str = "ok"
    error_code: str = ""
    model: str = ""
    """The model that answered, by its own word."""
    first_token: float | None = None
    """Seconds from the start to the first meaningful event."""
    duration: float = 0.0
    """Seconds."""
    usage: Usage | None = None
    finish_reason: str = ""
    dropped: tuple[str, ...] = ()
    content: Content | None = None
    """Kept only where content is logged."""
    group: NamedRef | None = None
    """The key's, when the request arrived."""
    relayed: int = 0
    """Events of a stream that have left for the caller."""
    limits: Settling | None = None
    """None where there are none."""
    cache: str = ""
    """`hit`, `miss` or `bypass`; empty where the profile has no cache."""
    shadow: str = ""
    """The id of the copy that is sent to the profile's shadow."""
    shadow_of: str = ""
    """The id of the request that this is a copy of."""
    tallies: tuple[Tally, ...] = ()
    """What it adds to limits whose sums the ledger knows."""
    address: str = ""
    """The caller's."""
    client: bytes = b""
    """What the caller calls itself: its `user-agent`."""
    number: int = 0
    """Of the record among those of its process that limits have counted."""

    @property
    def fallback(self) -> str:
        """`none`, `target` when a later target answered, `local` for the local fallback; also
        where the caller left in the middle of that answer."""
        if not self.attempts:
            return "none"
        last = self.attempts[-1]
        begun = last.outcome == "cancelled" and self.first_token is not None
        if last.outcome != "ok" and not begun:
            return "none"
        if last.local_fallback:
            return "local"
        return "target" if self.moved_on(last.provider, last.model) else "none"

    @property
    def first_failure(self) -> str:
        """Why the first choice does not answer: the code of its failure, or why nothing was to be
        tried. Empty where nothing has failed."""
        for one in self.attempts:
            if one.outcome != "ok":
                return one.code
        if self.plan is None or not self.plan.warning:
            return ""
        return UNKNOWN_MODEL if self.plan.profile is None else NO_CANDIDATE

    def moved_on(self, provider: str, model: str) -> bool:
        """Whether another target comes before this one, which may be asked several times."""
        first = self.plan.candidates[0] if self.plan is not None and self.plan.candidates else None
        if first is not None:
            return (first.provider.name, first.model) != (provider, model)
        return any((one.provider, one.model) != (provider, model) for one in self.attempts)


Sink = Callable[[RequestContext], None]

_sinks: Final[list[Sink]] = []


def add_sink(sink: Sink) -> None:
    """Every finished request is handed to `sink`, on the event loop: it must not block."""
    _sinks.append(sink)


def remove_sink(sink: Sink) -> None:
    _sinks.remove(sink)


def keep(context: RequestContext) -> None:
    for sink in _sinks:
        sink(context)
