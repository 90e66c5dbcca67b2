"""Reads OpenAI's embedding request (`POST /v1/embeddings`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from governance.routing.request import RoutingRequest
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.prompt import Prompt, survey_prompt
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.chat.passthrough import EmbeddingsPassThrough
from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import Survey, envelope, hint_of, typed, without_hint


class _Body(msgspec.Struct):
    input: Prompt
    model: str | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields = envelope(body)
    asked = typed(_BODY, body)
    hint = hint_of(asked.routing_profile, asked.metadata, headers)
    survey = Survey()
    inputs = survey_prompt(survey, asked.input, "input")
    return ParsedRequest(
        ask=RoutingRequest(
            model=asked.model or "",
            request_type="embeddings",
            needs=frozenset(survey.needs),
            hint=hint,
            features=survey.features(messages=inputs),
        ),
        body=body,
        fields=without_hint(fields, asked.metadata),
        headers=headers,
        priority="low",
    )


_CALLER: Final = PassThroughCaller({"openai": EmbeddingsPassThrough()})
ENDPOINT: Final = Endpoint(
    "/v1/embeddings",
    "embeddings",
    OPENAI,
    parse,
    _CALLER,
)
