"""What a provider tells of a Response that it keeps, with its ids sealed."""

from __future__ import annotations

from inference.protocols.sse import encode
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.responses.answer_schema import ITEM_LIST, RESPONSE, ResponseEvent
from inference.translate.responses.passthrough import ResponseEvents
from inference.translate.responses.sealed_ids import sealed
from inference.values.failures import AttemptFailed, broken
from inference.values.seal import Seal


def sealed_answer(body: bytes, seal: Seal) -> bytes:
    """A Response, the news that one was deleted, or a list of items. Raises `AttemptFailed`."""
    try:
        response, listed = RESPONSE.decode(body), ITEM_LIST.decode(body)
    except BROKEN_JSON:
        message = "The provider sent something that is not valid JSON."
        raise AttemptFailed(broken("malformed", message)) from None
    return sealed(body, [*response.sealed_members(), *listed.sealed_members()], seal)


class KeptStream(ResponseEvents):
    """The events of a Response that goes on, or is told again."""

    __slots__ = ("_seal",)

    def __init__(self, seal: Seal) -> None:
        super().__init__()
        self._seal = seal

    def _said(self, event: ResponseEvent, name: bytes, data: bytes) -> bytes:
        return encode(sealed(data, event.sealed_members(), self._seal), name)
