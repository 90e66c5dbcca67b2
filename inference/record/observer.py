"""Who looks on while a request is carried: content logging, the playground."""

from __future__ import annotations

from governance.routing.plan import Plan
from inference.record.record import RequestContext


class Observer:
    """Told of what happens, on the event loop: it must not block. By itself it does nothing.

    One observer serves many requests; what it keeps of one belongs into the context.
    """

    def on_body(self, context: RequestContext, body: bytes) -> None:
        """The body is here, as the caller sent it."""

    def on_plan(self, context: RequestContext, plan: Plan) -> None:
        """It is decided who is tried, or that the request is refused."""

    def on_sent(self, context: RequestContext, data: bytes) -> None:
        """A part of the answer's body is about to leave."""
