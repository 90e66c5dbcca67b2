"""Guards for `mlx_lm.server` as an upstream, around any translation towards OpenAI's protocol.

What it needs guarding from, seen in mlx-lm 0.32: a wrong model name unloads the good model, and
`model`, `adapters` and `draft_model` load any path; one bad field kills its generation thread for
good; stop strings are matched on tokens and stripped on text; a caller's leaving is noticed only
while it streams.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

import msgspec

from inference.protocols.sse import Parser, encode
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Inexpressible,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
    Translator,
)
from inference.translate.chat.reader import document_of
from inference.translate.hub import HubWriter, ResumableTranslator
from inference.translate.json_errors import BROKEN_JSON
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.stops import Stops
from inference.values.usage import Usage

MODEL: Final = "default_model"
"""The name by which the server means the model it was started with."""

FIELDS: Final = frozenset(
    {
        "messages",
        "prompt",
        "tools",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "chat_template_kwargs",
    }
)
"""What is forwarded; everything else the server either ignores or should never see."""

_CARRIED_OUT: Final = frozenset(
    {"model", "stream", "stream_options", "stop", "n", "response_format", "tool_choice"}
)
"""What is not forwarded but heeded all the same."""

HIGHEST_TOP_K: Final = 1000
"""The server dies of a `top_k` over its vocabulary, whose size it does not tell."""

_NUMBERS: Final = {
    "max_tokens": (1, 1_000_000),
    "max_completion_tokens": (1, 1_000_000),
    "temperature": (0, 100),
    "top_p": (0, 1),
    "top_k": (0, HIGHEST_TOP_K),
    "min_p": (0, 1),
    "seed": (0, 2**32 - 1),
    "repetition_penalty": (0.01, 100),
    "presence_penalty": (-100, 100),
    "frequency_penalty": (-100, 100),
    "top_logprobs": (0, 10),
}
_WHOLE_NUMBERS: Final = frozenset(
    {"max_tokens", "max_completion_tokens", "top_k", "seed", "top_logprobs"}
)


class GuardedTranslator:
    """A translation whose upstream is `mlx_lm.server`."""

    def __init__(self, inner: Translator) -> None:
        self._inner = inner

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        """Only known fields with checked values, always streamed. Raises `Inexpressible`."""
        outbound = self._inner.request(request, model)
        wanted: dict[str, Any] = msgspec.json.decode(outbound.body)
        wanted = {name: value for name, value in wanted.items() if value is not None}
        fields = {name: value for name, value in wanted.items() if name in FIELDS}
        _check_meaning(wanted, fields)
        if not request.routing_request.required_capabilities.isdisjoint(
            {"vision", "audio", "file"}
        ):
            _refuse("messages", "an mlx_lm.server takes text only.")
        for name, bounds in _NUMBERS.items():
            if name in fields:
                _check_number(name, fields[name], *bounds)
        if "prompt" in fields and not (isinstance(fields["prompt"], str) and fields["prompt"]):
            _refuse("prompt", "an mlx_lm.server takes a prompt that is a string and not empty.")
        fields |= {"model": MODEL, "stream": True, "stream_options": {"include_usage": True}}
        return Outbound(
            outbound.path,
            msgspec.json.encode(fields),
            (*outbound.dropped, *sorted(wanted.keys() - fields.keys() - _CARRIED_OUT)),
            outbound.headers,
            streamed=True,
        )

    def intake(self, request: ParsedRequest) -> Intake:
        """What the upstream's bytes pass through before they are an answer."""
        return Intake(_stops(request))

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> GuardedStream:
        return GuardedStream(self._inner.stream(request), self.intake(request))

    def resume(self, request: ParsedRequest, writer: HubWriter) -> GuardedStream:
        assert isinstance(self._inner, ResumableTranslator)
        return GuardedStream(self._inner.resume(request, writer), self.intake(request))

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        whole = document_of(body)
        if isinstance(whole, Failure):
            return TranslatedAnswer(b"", failure=whole)
        return self._inner.answer(request, whole)

    def error(self, failure: Failure) -> bytes | None:
        return self._inner.error(failure)


class Intake:
    """Matches stop strings on the text of a stream; bytes in, bytes out."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._parser = Parser()
        self._stops = Stops(stops)
        self.finished = False
        """A stop string was found or the stream ended: the upstream is needed no more."""

    def feed(self, chunk: bytes) -> bytes:
        out = []
        for _, data in self._parser.feed(chunk):
            if self.finished:
                break
            if data.strip() == b"[DONE]":
                self.finished = True
                out.append(encode(data))
            else:
                out.append(self._chunk(data))
        return b"".join(out)

    def _chunk(self, data: bytes) -> bytes:
        try:
            chunk = msgspec.json.decode(data)
            choice = chunk["choices"][0] if chunk.get("choices") else None
            if choice is None:
                return encode(data)
            place, name = (
                (choice, "text") if "text" in choice else (choice.get("delta") or {}, "content")
            )
            if not isinstance(place, dict):
                return encode(data)
        except (*BROKEN_JSON, AttributeError, KeyError, TypeError):
            # Not ours to judge: the relay behind knows what to make of it.
            return encode(data)
        said = place.get(name)
        if isinstance(said, str):
            place[name] = self._stops.feed(said)
        if self._stops.matched is not None:
            self.finished = True
            choice["finish_reason"] = "stop"
            # Which one it was, in the field vLLM made common; Anthropic's protocol tells it too.
            choice["stop_reason"] = self._stops.matched
            return encode(msgspec.json.encode(chunk)) + encode(b"[DONE]")
        if choice.get("finish_reason") is not None:
            held = self._stops.finish()
            if held:
                place[name] = (place.get(name) or "") + held
        return encode(msgspec.json.encode(chunk))


class GuardedStream:
    """A stream translator that hears the upstream through an `Intake`."""

    def __init__(self, inner: StreamTranslator, intake: Intake) -> None:
        self._inner = inner
        self._intake = intake

    def feed(self, chunk: bytes) -> bytes:
        return self._inner.feed(self._intake.feed(chunk))

    def end(self) -> bytes:
        return self._inner.end()

    def cut(self) -> bytes | None:
        return self._inner.cut()

    @property
    def committed(self) -> bool:
        return self._inner.committed

    @property
    def finished(self) -> bool:
        return self._inner.finished

    @property
    def failure(self) -> Failure | None:
        return self._inner.failure

    @property
    def usage(self) -> Usage | None:
        return self._inner.usage

    @property
    def model(self) -> str:
        """The server names its model by our own placeholder: better the candidate's name."""
        return ""

    @property
    def finish_reason(self) -> str:
        return self._inner.finish_reason

    @property
    def media_type(self) -> str:
        return self._inner.media_type

    @property
    def sequence(self) -> int:
        return self._inner.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._inner.partial


def _stops(request: ParsedRequest) -> tuple[str, ...]:
    raw = request.fields.get("stop", request.fields.get("stop_sequences"))
    value = msgspec.json.decode(raw) if raw is not None else None
    texts = [value] if isinstance(value, str) else value or []
    return tuple(text for text in texts if text)


def _check_meaning(wanted: dict[str, Any], fields: dict[str, Any]) -> None:
    """What the server would ignore although the answer's meaning hangs on it."""
    if wanted.get("n", 1) != 1:
        _refuse("n", "an mlx_lm.server gives one answer.")
    form = wanted.get("response_format")
    if isinstance(form, dict) and form.get("type") != "text":
        _refuse("response_format", "an mlx_lm.server answers in plain text only.")
    choice = wanted.get("tool_choice", "auto")
    if choice == "none":
        fields.pop("tools", None)
    elif choice != "auto":
        _refuse("tool_choice", "an mlx_lm.server cannot be made to call a tool.")


def _check_number(name: str, value: Any, low: float, high: float) -> None:
    kinds = (int,) if name in _WHOLE_NUMBERS else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        whole = "a whole number" if name in _WHOLE_NUMBERS else "a number"
        _refuse(name, f"an mlx_lm.server takes {whole} from {low} to {high}.")


def _refuse(field: str, rule: str) -> NoReturn:
    raise Inexpressible(field, f"`{field}`: {rule}")
