"""`POST /v1/images/generations`. Source: OpenAI's API reference, "Create image"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import HandedOn, json_request
from inference.endpoints.pictures import counted, passed_to
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import Survey, envelope, typed


class _Body(HandedOn, kw_only=True):
    prompt: str


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields, asked, survey = envelope(body), typed(_BODY, body), Survey()
    survey.text(asked.prompt)
    survey.last_user = asked.prompt
    return counted(json_request("image_generations", body, headers, fields, asked, survey))


ENDPOINT: Final = Endpoint(
    "/v1/images/generations",
    "image_generations",
    OPENAI,
    parse,
    PassThroughCaller({"openai": passed_to("/images/generations", "image_generation")}),
)
