"""Message batches, handed to the one provider that will hold them, under ids of this key's own.

Source: Anthropic's API reference ("Create a Message Batch").
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
)
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.raw import RawStream
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import Seal

PATH: Final = "/messages/batches"
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REQUESTS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_DOCUMENT: Final = msgspec.json.Decoder(dict[str, Any])


class MessageBatches:
    """The translator. Every request of the batch is asked of the candidate's model."""

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        requests = _REQUESTS.decode(request.fields["requests"])
        name = msgspec.Raw(msgspec.json.encode(model))
        for one in requests:
            params = {**_FIELDS.decode(one["params"]), "model": name}
            one["params"] = msgspec.Raw(msgspec.json.encode(params))
        body = msgspec.json.encode({**request.fields, "requests": requests})
        return Outbound(PATH, body)

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        return RawStream(media_type)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        assert request.seal is not None
        try:
            return TranslatedAnswer(sealed_batch(body, request.seal))
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))

    def error(self, failure: Failure) -> bytes | None:
        return upstream_errors.anthropic_body(failure)


def sealed_batch(body: bytes, seal: Seal) -> bytes:
    """A batch as its key may see it. Its results are read here, not at the provider, which knows
    nothing of this key: the address has no host, and SDKs resolve it against their base URL.

    Raises `BROKEN_JSON`.
    """
    batch = _DOCUMENT.decode(body)
    if isinstance(batch.get("id"), str):
        batch["id"] = seal.seal(batch["id"])
    if batch.get("results_url"):
        batch["results_url"] = f"/v1{PATH}/{batch['id']}/results"
    return msgspec.json.encode(batch)
