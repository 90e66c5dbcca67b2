"""`GET /v1/models` and `/v1/models/{id}`: the virtual models and the real ones a key may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from governance.routing.names import ListedModel, listed_models
from inference.edge import response_headers
from inference.edge.keyed_consumer import TableConsumer
from inference.protocols import ANTHROPIC
from inference.values.error_answer import ErrorAnswer

_PATH: Final = "/v1/models"
_LONGEST_PAGE: Final = 1000


class ListingConsumer(TableConsumer):
    """Names models in the shape of the asking protocol."""

    path = _PATH

    def __init__(
        self, *, on_disk: Callable[[], Mapping[str, Sequence[str]]] = dict, **common: Any
    ) -> None:
        """`on_disk` gives the models that each runtime of the local engine has."""
        super().__init__(**common)
        self.on_disk = on_disk

    async def handle(self, body: bytes) -> None:
        found = self._asked_for(listed_models(self._served, self._key, self.on_disk()))
        if isinstance(found, ErrorAnswer):
            await self.refuse(found)
            return
        own = [response_headers.JSON, (b"x-request-id", self.writer.request_id.encode())]
        await self.writer.respond(200, own, msgspec.json.encode(found))

    def _asked_for(self, names: list[ListedModel]) -> dict[str, Any] | ErrorAnswer:
        wanted = self.scope["path"].removeprefix(_PATH).strip("/")
        if wanted:
            for name in names:
                if name.id.casefold() == wanted.casefold():
                    return self.protocol.model(name)
            message = f"There is no model {wanted!r} that this key may use."
            return ErrorAnswer(404, message, "model_not_found", "model")
        query = self.scope.get("query_string", b"")
        if self.protocol is not ANTHROPIC:
            listed = self.protocol.models(names)
            return {**listed, "models": []} if _asks_codex(query) else listed
        try:
            page, has_more = paged(names, query)
        except ValueError:
            message = f"`limit` must be a whole number from 1 to {_LONGEST_PAGE}."
            return ErrorAnswer(400, message, "invalid_value", "limit")
        return ANTHROPIC.models(page, has_more=has_more)


def _asks_codex(query: bytes) -> bool:
    """Codex tells its version, and wants `models` beside `data`: descriptions with which it
    completes its own. Each must hold the instructions it gives the model, which nobody here
    knows, so the list is empty and its own stay."""
    return b"client_version" in parse_qs(query)


def paged(names: list[ListedModel], query: bytes) -> tuple[list[ListedModel], bool]:
    """The page of sorted names that `limit`, `after_id` and `before_id` ask for, and whether more
    follow in that direction. Without `limit` all are one page. Raises `ValueError`.

    A cursor is a place in the order: it holds even when the model it names is gone.
    """
    asked = parse_qs(query.decode("latin-1"))
    limit = len(names)
    if "limit" in asked:
        limit = int(asked["limit"][-1])
        if not 1 <= limit <= _LONGEST_PAGE:
            raise ValueError(limit)
    if "before_id" in asked:
        before = [name for name in names if name.id < asked["before_id"][-1]]
        return before[-limit:], len(before) > limit
    if "after_id" in asked:
        names = [name for name in names if name.id > asked["after_id"][-1]]
    return names[:limit], len(names) > limit
