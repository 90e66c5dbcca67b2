"""`POST /v1/moderations`. Source: OpenAI's API reference, "Create moderation"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import HandedOn, json_request
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, envelope, typed


class _Body(HandedOn, kw_only=True):
    input: str | list[Any]
    """A text, texts, or parts that are texts and images."""


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields, asked, survey = envelope(body), typed(_BODY, body), Survey()
    inputs = [asked.input] if isinstance(asked.input, str) else asked.input
    if not inputs:
        raise BadRequest("`input` must not be empty.", "input")
    for one in inputs:
        _survey(survey, one)
    return json_request(
        "moderations", body, headers, fields, asked, survey, messages=len(inputs), stream=False
    )


def _survey(survey: Survey, one: Any) -> None:
    text = one.get("text") if isinstance(one, dict) else one
    if isinstance(text, str):
        survey.text(text)
        survey.last_user = text
    elif isinstance(one, dict) and one.get("type") == "image_url":
        survey.part("vision")


ENDPOINT: Final = Endpoint(
    "/v1/moderations",
    "moderations",
    OPENAI,
    parse,
    PassThroughCaller({"openai": MeteredPassThrough("/moderations", holds="results")}),
)
