"""`POST /v1/messages/batches`. Source: Anthropic's API reference, "Create a Message Batch"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from governance.routing.request import RoutingRequest
from inference.endpoints import messages
from inference.endpoints.endpoint import Endpoint
from inference.protocols import ANTHROPIC
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.messages.batches import MessageBatches
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, envelope, profile_hint_of, typed, without_hint
from inference.values.session import session_of

MOST: Final = 100_000
"""Requests of one batch: Anthropic's own bound."""


class _Request(msgspec.Struct):
    custom_id: str
    params: msgspec.Raw


class _Batch(msgspec.Struct):
    requests: list[_Request]
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


_BATCH: Final = msgspec.json.Decoder(_Batch)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The batch a caller made. Each of its requests passes the parser of messages, and needs what
    they all need together. Raises `BadRequest` naming the field and the rule."""
    fields, asked = envelope(body), typed(_BATCH, body)
    if not 0 < len(asked.requests) <= MOST:
        raise BadRequest(f"`requests` must hold 1 to {MOST:,} requests.", "requests")
    survey, model, longest = Survey(), None, 0
    for place, one in enumerate(asked.requests):
        within = f"requests[{place}].params"
        try:
            request = messages.parse(bytes(one.params), headers).routing_request
        except BadRequest as error:
            field = f"{within}.{error.field}" if error.field else within
            raise BadRequest(f"{within}: {error.message}", field, code=error.code) from None
        if request.stream:
            raise BadRequest(f"`{within}.stream` must be false in a batch.", f"{within}.stream")
        if model is not None and request.model != model:
            message = f"`{within}.model`: all requests of a batch name the same model."
            raise BadRequest(message, f"{within}.model")
        model = request.model
        survey.required_capabilities |= request.required_capabilities
        longest = max(longest, request.features.prompt_tokens)
    features = survey.features(messages=len(asked.requests))
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=model or "",
            request_type="batches",
            required_capabilities=frozenset(survey.required_capabilities),
            profile_hint=profile_hint_of(asked.routing_profile, asked.metadata, headers),
            # What is too long for a context is one of its requests, not all of them together.
            features=features._replace(prompt_tokens=longest),
        ),
        body=body,
        fields=without_hint(fields, asked.metadata),
        headers=headers,
        session=session_of(fields, headers),
        priority="low",
        sealed=True,
    )


ENDPOINT: Final = Endpoint(
    "/v1/messages/batches",
    "batches",
    ANTHROPIC,
    parse,
    PassThroughCaller({"anthropic": MessageBatches()}),
)
