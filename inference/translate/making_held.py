"""Requests that make what a provider holds: they pass to one provider, their ids are sealed."""

from __future__ import annotations

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Inexpressible,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
)
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.raw import RawStream
from inference.translate.shelves import NotGiven, Shelf, document_of, with_own_ids
from inference.values.failures import Failure
from inference.values.held_object import HeldObject
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import Seal


class MakingHeld:
    """The translator for JSON bodies and for forms, which are handed on without a model."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        path, content_type = self.shelf.path, request.content_type
        if request.form is not None:
            form = request.form.sent(None)
            return Outbound(path, b"", content_type=content_type, form=form)
        body = own_ids(msgspec.json.encode(request.fields), request.seal)
        return Outbound(path, body, content_type=content_type)

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        return RawStream(media_type)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        assert request.seal is not None
        try:
            document = document_of(body)
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        name = document.get("id")
        if not isinstance(name, str) or not name:
            return TranslatedAnswer(b"", failure=upstream_errors.no_answer())
        told = msgspec.json.encode(self.shelf.sealed(document, request.seal))
        return TranslatedAnswer(told, held=HeldObject(self.shelf.name, name, body))

    def error(self, failure: Failure) -> bytes | None:
        if self.shelf.is_anthropics:
            return upstream_errors.anthropic_body(failure)
        said = upstream_errors.of_openai(failure)
        return upstream_errors.as_openai(failure, said) if said is not None else None


def own_ids(body: bytes, seal: Seal | None) -> bytes:
    """The files a request names, as the one who is asked calls them. Raises `Inexpressible`."""
    try:
        return with_own_ids(body, seal)
    except NotGiven as error:
        raise Inexpressible(
            "file_id", f"There is no file {error.name!r} that this key was given by this provider."
        ) from None
