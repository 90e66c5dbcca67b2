"""Reads OpenAI's embedding request (`POST /v1/embeddings`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from governance.routing.request import RoutingRequest
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.prompt import survey_prompt
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.chat.passthrough import EmbeddingsPassThrough
from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import Survey, envelope, profile_hint_of, typed, without_hint
from inference.values.session import session_of


class _Body(msgspec.Struct):
    input: str | list[Any] | dict[str, Any]
    model: str | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    encoding_format: str | list[str] | None = None
    """OpenAI knows `float` and `base64`; others `int8`, `binary`, or several at a time."""
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields = envelope(body)
    asked = typed(_BODY, body)
    session = session_of(fields, headers)
    profile_hint = profile_hint_of(asked.routing_profile, asked.metadata, headers)
    survey = Survey()
    inputs = _survey(survey, asked.input)
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=asked.model or "",
            request_type="embeddings",
            required_capabilities=frozenset(survey.required_capabilities),
            profile_hint=profile_hint,
            features=survey.features(messages=inputs),
        ),
        body=body,
        fields=without_hint(fields, asked.metadata),
        headers=headers,
        session=session,
        priority="low",
    )


def _survey(survey: Survey, given: str | list[Any] | dict[str, Any]) -> int:
    """Counts the inputs. Objects, which hold text, an image or both, are their model's to read."""
    inputs = [given] if isinstance(given, dict) else given
    if isinstance(inputs, str) or not any(isinstance(one, dict) for one in inputs):
        return survey_prompt(survey, inputs, "input")
    for one in inputs:
        text = one.get("text") if isinstance(one, dict) else one
        if isinstance(text, str):
            survey.text(text)
            survey.last_user = text
    return len(inputs)


_CALLER: Final = PassThroughCaller({"openai": EmbeddingsPassThrough()})
ENDPOINT: Final = Endpoint(
    "/v1/embeddings",
    "embeddings",
    OPENAI,
    parse,
    _CALLER,
)
