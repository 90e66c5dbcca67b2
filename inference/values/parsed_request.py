"""A caller's request: the bytes as they came, and beside them what the gateway understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from governance.routing.model_facts import UNKNOWN, ModelFacts
from governance.routing.request import RoutingRequest
from inference.values.arriving_form import ArrivingForm
from inference.values.kept_answer import Keep
from inference.values.seal import Seal

Priority = Literal["high", "normal", "low"]


class ParsedRequest(msgspec.Struct, frozen=True, gc=False):
    """A request that passed validation. Never changed: every attempt starts from it."""

    routing_request: RoutingRequest
    body: bytes
    fields: Mapping[str, msgspec.Raw]
    """The body decoded one level deep; values stay as the caller wrote them. The routing hint is
    taken out already: it never reaches an upstream."""
    headers: Mapping[bytes, bytes] = msgspec.field(default_factory=dict)
    """The caller's headers that a protocol lets through, names lower-cased; no credentials."""
    priority: Priority = "normal"
    """Its place in the local engine's queue, by its endpoint: someone waits for a chat, the older
    endpoints serve batch work."""
    session: str = ""
    """What its caller calls the conversation; see `endpoints.session`."""
    model_facts: ModelFacts = UNKNOWN
    """What is known of the model at hand, for the limit where the caller sets none and the upstream
    wants one."""
    wants_usage: bool = False
    """The caller asked for OpenAI's `stream_options.include_usage`."""

    seal: Seal | None = None
    """How ids of the one who is asked are sealed for the caller, where the answer has any."""

    sealed: bool = False
    """The answer has such ids, whatever protocol it comes in."""

    keep: Keep | None = None
    """Set where the gateway itself keeps the answer."""

    units: Mapping[str, float] | None = None
    """What it will use beside tokens, as far as it says so: held by limits until it ends."""

    content_type: str = "application/json"
    """Of the body, a multipart form's boundary included."""

    form: ArrivingForm | None = None
    """In the place of `body`, of which it is then empty, where it is sent on as it arrives."""

    def __repr__(self) -> str:
        """Without what the caller said."""
        return f"ParsedRequest({self.routing_request!r})"


class BadRequest(Exception):
    """The caller's request breaks a rule; answered with a 4xx and nothing else happens."""

    def __init__(
        self,
        message: str,
        field: str | None = None,
        *,
        status: int = 400,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status = status
        self.code = code
        self.details = details
