"""Message batches, handed to the one provider that will hold them, under ids of this key's own.

Source: Anthropic's API reference ("Create a Message Batch").
"""

from __future__ import annotations

from typing import Final

import msgspec

from inference.translate.base import Outbound
from inference.translate.making_held import MakingHeld, own_ids
from inference.translate.shelves import MESSAGE_BATCHES
from inference.values.parsed_request import ParsedRequest

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REQUESTS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class MessageBatches(MakingHeld):
    """The translator. Every request of the batch is asked of the candidate's model."""

    def __init__(self) -> None:
        super().__init__(MESSAGE_BATCHES)

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        requests = _REQUESTS.decode(request.fields["requests"])
        name = msgspec.Raw(msgspec.json.encode(model))
        for one in requests:
            params = {**_FIELDS.decode(one["params"]), "model": name}
            one["params"] = msgspec.Raw(msgspec.json.encode(params))
        body = msgspec.json.encode({**request.fields, "requests": requests})
        return Outbound(self.shelf.path, own_ids(body, request.seal))
