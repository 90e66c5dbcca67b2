"""Reads OpenAI's text completion request (`POST /v1/completions`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from governance.routing.request import RoutingRequest
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.prompt import Prompt, survey_prompt
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.chat.passthrough import ChatPassThrough
from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import Survey, envelope, profile_hint_of, typed, without_hint
from inference.values.session import session_of


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Body(msgspec.Struct):
    prompt: Prompt
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    best_of: int | None = None
    stop: str | list[str] | None = None
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
    prompts = survey_prompt(survey, asked.prompt, "prompt")
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=asked.model or "",
            request_type="completions",
            required_capabilities=frozenset(survey.required_capabilities),
            profile_hint=profile_hint,
            stream=bool(asked.stream),
            features=survey.features(messages=prompts),
        ),
        body=body,
        fields=without_hint(fields, asked.metadata),
        headers=headers,
        session=session,
        priority="low",
        wants_usage=asked.stream_options is not None and bool(asked.stream_options.include_usage),
    )


_CALLER: Final = PassThroughCaller({"openai": ChatPassThrough("/completions")})
ENDPOINT: Final = Endpoint(
    "/v1/completions",
    "completions",
    OPENAI,
    parse,
    _CALLER,
)
