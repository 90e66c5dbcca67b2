"""PURE: answers in the JSON of OpenAI's chat completions and legacy completions protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inference.local.answer import AnswerDelta, Finish, TokenCounts, TokenLogprob

TokenText = Callable[[int], tuple[str, bytes | None]]
"""A token's text and its very bytes, for log probabilities."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Envelope:
    """What every chunk and the whole answer repeat. `created`: seconds since 1970."""

    id: str
    model: str
    created: int
    token_text: TokenText


def usage_object(usage: TokenCounts) -> Json:
    """Token counts."""
    result: Json = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
    }
    if usage.cached:
        result["prompt_tokens_details"] = {"cached_tokens": usage.cached}
    if usage.reasoning:
        result["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return result


class ChatFormatter:
    """/v1/chat/completions: one of the choices."""

    def __init__(self, envelope: Envelope, index: int = 0) -> None:
        self._envelope = envelope
        self._index = index
        self._calls = 0

    def opening(self, choices: int) -> Json | None:
        """The first chunk of the whole stream: who speaks."""
        delta = {"role": "assistant", "content": ""}
        first = {"delta": delta, "logprobs": None, **_end(None)}
        return self._object(
            "chat.completion.chunk", choices=[{"index": i, **first} for i in range(choices)]
        )

    def chunk(self, delta: AnswerDelta) -> Json:
        """A chunk of the stream."""
        fields: Json = {}
        if delta.reasoning:
            fields["reasoning_content"] = delta.reasoning
        if delta.content:
            fields["content"] = delta.content
        if delta.tool_calls:
            fields["tool_calls"] = [
                {"index": self._calls + i, **_call_object(call)}
                for i, call in enumerate(delta.tool_calls)
            ]
            self._calls += len(delta.tool_calls)
        return self._chunk(fields, logprobs=self._logprobs(delta.logprobs))

    def closing(self, finish: Finish) -> Json:
        """The chunk with the finish reason."""
        return self._chunk({}, finish=finish)

    def usage(self, usage: TokenCounts) -> Json:
        """The last chunk when usage was asked for."""
        return self._object("chat.completion.chunk", choices=[], usage=usage_object(usage))

    def choice(self, parts: AnswerDelta, finish: Finish) -> Json:
        """The answer in one piece."""
        message: Json = {"role": "assistant", "content": parts.content}
        if parts.reasoning:
            message["reasoning_content"] = parts.reasoning
        if parts.tool_calls:
            message["content"] = parts.content or None
            message["tool_calls"] = [_call_object(call) for call in parts.tool_calls]
        return {
            "index": self._index,
            "message": message,
            "logprobs": self._logprobs(parts.logprobs),
            **_end(finish),
        }

    def whole(self, choices: list[Json], usage: TokenCounts) -> Json:
        """All choices in one piece."""
        return self._object("chat.completion", choices=choices, usage=usage_object(usage))

    def _chunk(self, delta: Json, *, finish: Finish | None = None, logprobs: Any = None) -> Json:
        choice = {"index": self._index, "delta": delta, "logprobs": logprobs, **_end(finish)}
        return self._object("chat.completion.chunk", choices=[choice])

    def _object(self, kind: str, **fields: Any) -> Json:
        return _object(self._envelope, kind, **fields)

    def _logprobs(self, tokens: tuple[TokenLogprob, ...]) -> Json | None:
        if not tokens:
            return None
        return {
            "content": [
                {**self._token(each), "top_logprobs": [self._token(other) for other in each.top]}
                for each in tokens
            ]
        }

    def _token(self, entry: TokenLogprob) -> Json:
        text, raw = self._envelope.token_text(entry.token)
        return {
            "token": text,
            "logprob": entry.logprob,
            "bytes": None if raw is None else list(raw),
        }


class CompletionFormatter:
    """/v1/completions: one of the choices."""

    def __init__(self, envelope: Envelope, index: int = 0) -> None:
        self._envelope = envelope
        self._index = index
        self._offset = 0

    def opening(self, choices: int) -> Json | None:
        """There is no such chunk in this protocol."""
        return None

    def chunk(self, delta: AnswerDelta) -> Json:
        """A chunk of the stream."""
        return self._object([self._choice(delta.content, None, delta.logprobs)])

    def closing(self, finish: Finish) -> Json:
        """The chunk with the finish reason."""
        return self._object([self._choice("", finish, ())])

    def usage(self, usage: TokenCounts) -> Json:
        """The last chunk when usage was asked for."""
        return self.whole([], usage)

    def choice(self, parts: AnswerDelta, finish: Finish) -> Json:
        """The answer in one piece."""
        return self._choice(parts.content, finish, parts.logprobs)

    def whole(self, choices: list[Json], usage: TokenCounts) -> Json:
        """All choices in one piece."""
        return {**self._object(choices), "usage": usage_object(usage)}

    def _object(self, choices: list[Json]) -> Json:
        return _object(self._envelope, "text_completion", choices=choices)

    def _choice(self, text: str, finish: Finish | None, tokens: tuple[TokenLogprob, ...]) -> Json:
        logprobs = self._logprobs(tokens)
        return {"index": self._index, "text": text, "logprobs": logprobs, **_end(finish)}

    def _logprobs(self, tokens: tuple[TokenLogprob, ...]) -> Json | None:
        if not tokens:
            return None
        texts = [self._envelope.token_text(each.token)[0] for each in tokens]
        offsets = []
        for text in texts:
            offsets.append(self._offset)
            self._offset += len(text)
        return {
            "tokens": texts,
            "token_logprobs": [each.logprob for each in tokens],
            "top_logprobs": [
                {self._envelope.token_text(t.token)[0]: t.logprob for t in each.top}
                for each in tokens
            ],
            "text_offset": offsets,
        }


AnswerFormatter = ChatFormatter | CompletionFormatter


def error_object(
    message: str, kind: str, param: str | None = None, code: str | None = None
) -> Json:
    """OpenAI's error form."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _object(envelope: Envelope, kind: str, **fields: Any) -> Json:
    return {
        "id": envelope.id,
        "object": kind,
        "created": envelope.created,
        "model": envelope.model,
        **fields,
    }


def _end(finish: Finish | None) -> Json:
    """`stop_reason` is no field of OpenAI's: local engines say there which stop string matched."""
    if finish is None:
        return {"finish_reason": None}
    if finish.matched_stop is None:
        return {"finish_reason": finish.reason}
    return {"finish_reason": finish.reason, "stop_reason": finish.matched_stop}


def _call_object(call: Any) -> Json:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
