"""`POST /v1/audio/speech`: text in, sound out. Source: OpenAI's API reference, "Create speech"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import HandedOn, json_request
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough, Told, usage_of
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, envelope, typed
from inference.values.usage import Usage, with_units


class _Body(HandedOn, kw_only=True):
    input: str


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The sound is handed on as it is made. Raises `BadRequest` naming the field and the rule."""
    fields, asked, survey = envelope(body), typed(_BODY, body), Survey()
    if not asked.input:
        raise BadRequest("`input` must not be empty.", "input")
    survey.text(asked.input)
    survey.last_user = asked.input
    request = json_request("speech", body, headers, fields, asked, survey, stream=True)
    return msgspec.structs.replace(request, units={"characters": len(asked.input)})


def _meter(request: ParsedRequest, told: Told) -> Usage:
    """Sound does not tell what it costs: the characters of the input do."""
    tokens = usage_of(told) or Usage()
    characters = request.routing_request.features.last_user_characters
    return with_units(tokens, characters=characters) or tokens


ENDPOINT: Final = Endpoint(
    "/v1/audio/speech",
    "speech",
    OPENAI,
    parse,
    PassThroughCaller({"openai": MeteredPassThrough("/audio/speech", _meter)}),
    events=False,
)
