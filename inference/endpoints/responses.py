"""Reads OpenAI's Responses request (`POST /v1/responses`), and finds who can answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from governance.routing.plan import Candidate
from governance.routing.request import RoutingRequest
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.response_references import Unreachable, reachable, references_in
from inference.dispatch.results import Exhausted
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.keeping import completed
from inference.protocols import RESPONSES
from inference.translate.responses.caller import ResponsesCaller
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, envelope, profile_hint_of, typed, without_hint
from inference.values.session import session_of

_NEED_OF_PART: Final = {"input_image": "vision", "input_file": "file", "input_audio": "audio"}
_NO_CONVERSATIONS: Final = (
    "This gateway keeps no conversations: send the whole conversation in `input`, or "
    "`previous_response_id`, instead of `conversation`."
)


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None


class _Item(msgspec.Struct):
    type: str = "message"
    role: str | None = None
    content: str | list[_Part] | None = None
    output: Any = None
    """Of a tool call's output: mostly a string or a list of parts."""


class _Typed(msgspec.Struct):
    type: str


class _Text(msgspec.Struct):
    format: _Typed | None = None
    verbosity: str | None = None


class _Reasoning(msgspec.Struct):
    effort: str | None = None
    summary: str | None = None


class _Body(msgspec.Struct):
    input: str | list[_Item] | None = None
    model: str | None = None
    instructions: str | None = None
    stream: bool | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: float | None = None
    top_p: float | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    prompt: Any = None
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields = envelope(body)
    asked = typed(_BODY, body)
    if asked.conversation:
        raise BadRequest(_NO_CONVERSATIONS, "conversation", code="unsupported_parameter")
    if not asked.input and not (asked.previous_response_id or asked.prompt):
        what = "is required" if asked.input is None else "must not be empty"
        raise BadRequest(f"`input` {what}.", "input")
    session = session_of(fields, headers)
    profile_hint = profile_hint_of(asked.routing_profile, asked.metadata, headers)
    survey = _survey(asked)
    effort = asked.reasoning.effort if asked.reasoning is not None else None
    features = survey.features(
        messages=len(asked.input) if isinstance(asked.input, list) else 1,
        tools=len(asked.tools or ()),
        reasoning=effort is not None and effort != "none",
    )
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=asked.model or "",
            request_type="responses",
            required_capabilities=frozenset(survey.required_capabilities),
            profile_hint=profile_hint,
            stream=bool(asked.stream),
            features=features,
        ),
        body=body,
        fields=without_hint(fields, asked.metadata),
        headers=headers,
        session=session,
        wants_usage=True,
    )


def parse_count(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request of `POST /v1/responses/input_tokens`. Raises `BadRequest`."""
    parsed = parse(body, headers)
    return msgspec.structs.replace(
        parsed, routing_request=parsed.routing_request._replace(stream=False)
    )


def _survey(asked: _Body) -> Survey:
    survey = Survey()
    if asked.instructions is not None:
        survey.text(asked.instructions)
    if isinstance(asked.input, str):
        survey.text(asked.input)
        survey.last_user = asked.input
    else:
        for position, item in enumerate(asked.input or ()):
            _look(survey, item, f"input[{position}]")
    form = asked.text.format if asked.text is not None else None
    if form is not None and form.type != "text":
        survey.required_capabilities.add("structured_output")
    return survey


def _look(survey: Survey, item: _Item, path: str) -> None:
    if item.type == "message":
        if item.role is None:
            raise BadRequest(f"`{path}.role` is required.", f"{path}.role")
        if item.content is None:
            raise BadRequest(f"`{path}.content` is required.", f"{path}.content")
    said = _text(survey, item.content)
    if isinstance(item.output, str):
        survey.text(item.output)
    elif isinstance(item.output, list):
        _text(survey, _parts(item.output, f"{path}.output"))
    if item.type == "message" and item.role == "user":
        survey.last_user = said


def _parts(output: list[Any], path: str) -> list[_Part]:
    try:
        return msgspec.convert(output, list[_Part])
    except msgspec.ValidationError:
        raise BadRequest(f"`{path}`: expected an array of content parts.", path) from None


def _text(survey: Survey, content: str | list[_Part] | None) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        survey.text(content)
        return content
    texts = []
    for part in content:
        survey.part(_NEED_OF_PART.get(part.type))
        if part.text is not None:
            survey.text(part.text)
            texts.append(part.text)
    return "\n".join(texts)


async def dispatch(dispatcher: Dispatcher, candidates: tuple[Candidate, ...]) -> Exhausted | None:
    """Asks those of the candidates that hold what the request refers to."""
    request, key = dispatcher.request, dispatcher.context.virtual_key
    try:
        references = references_in(request.fields)
        candidates, kept = reachable(request, references, candidates, key)
        dispatcher.request = await completed(request, kept, dispatcher.keeper, key)
    except Unreachable as error:
        return Exhausted(error.failure)
    return await dispatcher.run(candidates)


ENDPOINT: Final = Endpoint(
    "/v1/responses", "responses", RESPONSES, parse, ResponsesCaller(), dispatch
)
