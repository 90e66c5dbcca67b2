"""Files of requests for a batch: a line of JSON each, all for one model.

Source: OpenAI's guide to its Batch API, "Prepare your batch file": an input file is for one model.
"""

from __future__ import annotations

from typing import Final

import msgspec

from inference.translate.base import Outbound
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.making_held import MakingHeld
from inference.translate.shelves import FILES, NotGiven, with_own_ids
from inference.values.failures import AttemptFailed, Failure, Outcome
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import Seal

PURPOSE: Final = b"batch"
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Body(msgspec.Struct):
    model: str


class _Line(msgspec.Struct):
    body: _Body


_LINE: Final = msgspec.json.Decoder(_Line)


def model_of_line(line: bytes) -> str | None:
    """The model that a request of a batch names; None where the line is no such request."""
    try:
        return _LINE.decode(line).body.model
    except BROKEN_JSON:
        return None


class BatchLines:
    """Makes the lines of a file requests for another model. For one reading of the file."""

    def __init__(self, asked: str, model: str, seal: Seal | None) -> None:
        self._asked = asked
        self._model = msgspec.Raw(msgspec.json.encode(model))
        self._seal = seal
        self._number = 0

    def __call__(self, line: bytes) -> bytes:
        """Raises `AttemptFailed`, which names the line."""
        self._number += 1
        if not line.strip():
            return line
        told = model_of_line(line)
        if told is None:
            raise AttemptFailed(self._broken("is no JSON object with a `body` that has a `model`"))
        if told != self._asked:
            raise AttemptFailed(self._broken("names another model: a batch is for one"))
        fields = _FIELDS.decode(line)
        body = {**_FIELDS.decode(fields["body"]), "model": self._model}
        fields["body"] = msgspec.Raw(msgspec.json.encode(body))
        try:
            own = with_own_ids(msgspec.json.encode(fields), self._seal)
        except NotGiven as error:
            what = f"names a file {error.name!r} that this key was not given by this provider"
            raise AttemptFailed(self._broken(what)) from None
        return own + (b"\r" if line.endswith(b"\r") else b"")

    def _broken(self, what: str) -> Failure:
        message = f"`file`: line {self._number} {what}."
        return Failure(Outcome.CALLERS_FAULT, "invalid_request", message, 400, field="file")


class MakingFile(MakingHeld):
    """The translator for uploads to OpenAI."""

    def __init__(self) -> None:
        super().__init__(FILES)

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        form = request.form
        if form is None or form.fields.get("purpose") != PURPOSE:
            return super().request(request, model)
        asked, seal = request.routing_request.model, request.seal
        sent = form.sent(None, lambda: BatchLines(asked, model, seal))
        return Outbound(self.shelf.path, b"", content_type=request.content_type, form=sent)
