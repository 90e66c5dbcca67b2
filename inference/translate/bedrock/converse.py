"""Converse, for models that are no Claude: its blocks and events are nearly Anthropic's.

Requests come as Anthropic's and leave as Converse's; answers come as Converse's and are read as
Anthropic's. Source: Bedrock's reference of `Converse` and `ConverseStream`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Inexpressible,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
    Translator,
)
from inference.translate.bedrock.blocks import Blocks, as_text, tool_config
from inference.translate.bedrock.claude import is_framed
from inference.translate.bedrock.conversed import ConversedEvents, message_of
from inference.translate.bedrock.framed import FramedStream
from inference.translate.effort import effort_for
from inference.translate.hosted_claude import anthropic_translator
from inference.translate.hub import DirectCaller
from inference.translate.json_errors import BROKEN_JSON, Dropped
from inference.translate.lenient import loads
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest

_FIELDS: Final = msgspec.json.Decoder(dict[str, Any])
_CACHES: Final = re.compile(r"claude|nova", re.IGNORECASE)
"""Models that take cache points. Source: Bedrock's guide "Prompt caching"."""
_ELSEWHERE: Final = frozenset({"model", "stream", "messages", "system", "max_tokens"})
_SAID: Final = {
    "temperature": "temperature",
    "top_p": "topP",
    "stop_sequences": "stopSequences",
    "max_tokens": "maxTokens",
}
_READ: Final = frozenset({"tools", "tool_choice", "thinking", "output_config", *_SAID})


class Converse:
    """The translator, around one to Anthropic's protocol."""

    def __init__(self, within: Translator, clock: Callable[[], int] = time.time_ns) -> None:
        self._within = within
        self._clock = clock

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        made = self._within.request(request, model)
        try:
            fields = _FIELDS.decode(made.body)
            dropped = Dropped()
            dropped.add(*made.dropped)
            body = converse_body(fields, model, dropped)
        except RecursionError:
            raise Inexpressible("body", "The request is nested too deeply.") from None
        except (KeyError, TypeError, AttributeError):
            raise Inexpressible("messages", "`messages`: a block is not of its form.") from None
        method = "converse-stream" if request.routing_request.stream else "converse"
        path = f"/model/{quote(model, safe='')}/{method}"
        return msgspec.structs.replace(
            made, path=path, body=msgspec.json.encode(body), dropped=dropped.names()
        )

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        within = self._within.stream(request, EVENT_STREAM)
        if not is_framed(media_type):
            return within
        return FramedStream(within, ConversedEvents(request.routing_request.model, self._clock()))

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        try:
            document = loads(body)
            message = message_of(document, request.routing_request.model, self._clock())
        except (*BROKEN_JSON, KeyError, TypeError, AttributeError):
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        if isinstance(message, Failure):
            return TranslatedAnswer(b"", failure=message)
        answer = self._within.answer(request, msgspec.json.encode(message))
        return msgspec.structs.replace(answer, model="")

    def error(self, failure: Failure) -> bytes | None:
        return self._within.error(failure)


def conversed(caller: DirectCaller) -> Converse:
    return Converse(anthropic_translator(caller))


def converse_body(fields: dict[str, Any], model: str, dropped: Dropped) -> dict[str, Any]:
    """Converse's request for Anthropic's. Raises `Inexpressible`, and `KeyError` and the like for
    blocks that are none."""
    blocks = Blocks(dropped, caches=_CACHES.search(model) is not None)
    turns = [
        {"role": turn["role"], "content": blocks.of(turn["content"], f"messages[{n}].content")}
        for n, turn in enumerate(fields["messages"])
    ]
    body: dict[str, Any] = {"messages": [turn for turn in turns if turn["content"]]}
    system = blocks.of(fields.get("system") or "", "system")
    if system:
        body["system"] = system
    config = {said: fields[name] for name, said in _SAID.items() if fields.get(name) is not None}
    if config:
        body["inferenceConfig"] = config
    tools = tool_config(fields, blocks, dropped)
    if tools:
        body["toolConfig"] = tools
    _format(fields.get("output_config") or {}, body)
    _effort(fields, model, body, dropped)
    dropped.add(*(name for name in fields if name not in _READ | _ELSEWHERE))
    return body


def _format(config: dict[str, Any], body: dict[str, Any]) -> None:
    form = config.get("format")
    if form is not None:
        schema = {"schema": as_text(form["schema"]), "name": "answer"}
        text = {"type": "json_schema", "structure": {"jsonSchema": schema}}
        body["outputConfig"] = {"textFormat": text}


def _effort(fields: dict[str, Any], model: str, body: dict[str, Any], dropped: Dropped) -> None:
    """How hard to think, in the word each family of models has for it."""
    config = fields.get("output_config") or {}
    effort = effort_for(fields.get("thinking"), config.get("effort"))
    if effort is None:
        return
    level = {"xhigh": "high", "max": "high", "minimal": "low"}.get(effort, effort)
    if "gpt-oss" in model:
        body["additionalModelRequestFields"] = {"reasoning_effort": level}
    elif "nova-2" in model:
        reasoning = {"type": "enabled", "maxReasoningEffort": level}
        body["additionalModelRequestFields"] = {"reasoningConfig": reasoning}
    elif "claude" in model and fields.get("thinking"):
        body["additionalModelRequestFields"] = {"thinking": fields["thinking"]}
    else:
        dropped.add("reasoning_effort")
