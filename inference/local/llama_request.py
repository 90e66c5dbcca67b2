"""PURE: a checked request in llama.cpp's words, and its chunks put together to a whole answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from inference.local.generation import (
    ChatGeneration,
    CompletionGeneration,
    GenerationRequest,
    Object,
)
from inference.local.wire import Json

SEEDS: Final = 2**32 - 1
"""llama.cpp takes the last one for a number of its own choice."""


def chat_body(generation: ChatGeneration) -> Json:
    """What decides about the prompt."""
    body: Json = {"messages": [_message(message) for message in generation.messages]}
    if generation.tools:
        body["tools"] = list(generation.tools)
        body["tool_choice"] = generation.tool_choice or "auto"
        body["parallel_tool_calls"] = False
    if generation.response_format is not None:
        body["response_format"] = generation.response_format
    return body


def generation_body(generation: GenerationRequest, max_tokens: int) -> Json:
    """What decides about the answer; always a stream, because only a stream can be cancelled."""
    sampling = generation.sampling
    body: Json = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "cache_prompt": True,
        "max_tokens": max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "n": generation.choices,
    }
    given = {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repetition_penalty,
        "seed": None if sampling.seed is None else sampling.seed % SEEDS,
        "stop": list(generation.stops) or None,
        "logit_bias": [list(pair) for pair in sampling.logit_bias] or None,
    }
    body |= {name: value for name, value in given.items() if value is not None}
    # Only so does it tell which stop string ended an answer.
    body["verbose"] = bool(generation.stops)
    if generation.top_logprobs is not None:
        # Asked for none, llama.cpp tells not even the chosen token's; `without_alternatives`.
        most = max(1, generation.top_logprobs)
        if isinstance(generation, CompletionGeneration):
            body["logprobs"] = most
        else:
            body |= {"logprobs": True, "top_logprobs": most}
    return body


def without_alternatives(chunk: Json) -> Json:
    """For who wants the log probabilities of the chosen tokens alone."""
    choices = [
        choice | {"logprobs": _chosen_alone(choice["logprobs"])}
        if choice.get("logprobs")
        else choice
        for choice in chunk.get("choices", ())
    ]
    return chunk | {"choices": choices} if choices else chunk


def _chosen_alone(logprobs: Json) -> Json:
    if "content" in logprobs:
        return {"content": [each | {"top_logprobs": []} for each in logprobs["content"]]}
    return logprobs | {"top_logprobs": [{} for _ in logprobs["tokens"]]}


def _message(message: Object) -> Json:
    """Arguments of earlier calls are JSON text here."""
    result = dict(message)
    if "tool_calls" in result:
        result["tool_calls"] = [_call(call) for call in result["tool_calls"]]
        result["content"] = result.get("content") or None
    return result


def _call(call: Object) -> Json:
    function = dict(call["function"])
    if not isinstance(function["arguments"], str):
        function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
    return {**call, "function": function}


def what_it_says(chunk: Json, offsets: dict[int, int]) -> Json | None:
    """The chunk without llama.cpp's own fields; None for progress, which is only a sign of life.

    `offsets` are the characters that each choice of a legacy completion has so far.
    """
    if "prompt_progress" in chunk:
        return None
    result: Json = {"usage": chunk["usage"]} if chunk.get("usage") else {}
    choices = []
    stopped_by = chunk.get("__verbose", {}).get("stopping_word")
    for choice in chunk.get("choices", ()):
        shown = _chat_choice(choice) if "delta" in choice else _text_choice(choice, offsets)
        if shown is not None:
            # No field of OpenAI's: local engines say there which stop string matched.
            matched = {"stop_reason": stopped_by} if stopped_by and shown["finish_reason"] else {}
            choices.append(shown | matched)
    if choices:
        result["choices"] = choices
    return result or None


def _chat_choice(choice: Json) -> Json | None:
    kept = {
        name: choice["delta"][name]
        for name in ("content", "reasoning_content", "tool_calls")
        if choice["delta"].get(name)
    }
    if not kept and not choice.get("finish_reason"):
        return None
    return {
        "index": choice["index"],
        "delta": kept,
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice.get("finish_reason"),
    }


def _text_choice(choice: Json, offsets: dict[int, int]) -> Json:
    """With log probabilities in the form that this protocol has."""
    index, logprobs = choice["index"], choice.get("logprobs")
    tokens = [each for each in (logprobs or {}).get("content", ()) if each["token"]]
    shown: Json | None = None
    if tokens:
        start = offsets.get(index, 0)
        places = [
            start + sum(len(each["token"]) for each in tokens[:i]) for i in range(len(tokens))
        ]
        shown = {
            "tokens": [each["token"] for each in tokens],
            "token_logprobs": [each["logprob"] for each in tokens],
            "top_logprobs": [
                {top["token"]: top["logprob"] for top in each["top_logprobs"]} for each in tokens
            ],
            "text_offset": places,
        }
    offsets[index] = offsets.get(index, 0) + len(choice.get("text") or "")
    return {
        "index": index,
        "text": choice.get("text") or "",
        "logprobs": shown,
        "finish_reason": choice.get("finish_reason"),
    }


def whole_chat(chunks: Sequence[Json]) -> tuple[list[Json], Json]:
    """The choices of a chat completion, and its usage, from the chunks of its stream."""
    choices: dict[int, Json] = {}
    usage: Json = {}
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for part in chunk.get("choices", ()):
            choice = choices.setdefault(part["index"], _empty_choice(part["index"]))
            _add(choice, part)
    return [choices[index] for index in sorted(choices)], usage


def _empty_choice(index: int) -> Json:
    message = {"role": "assistant", "content": None}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": None}


def _add(choice: Json, part: Json) -> None:
    message, delta = choice["message"], part["delta"]
    for name in ("content", "reasoning_content"):
        if delta.get(name):
            message[name] = (message.get(name) or "") + delta[name]
    for call in delta.get("tool_calls") or ():
        _add_call(message.setdefault("tool_calls", []), call)
    if part.get("logprobs"):
        choice["logprobs"] = choice["logprobs"] or {"content": []}
        choice["logprobs"]["content"] += part["logprobs"]["content"]
    choice |= {name: part[name] for name in ("finish_reason", "stop_reason") if part.get(name)}
    if part.get("finish_reason") and message["content"] is None and "tool_calls" not in message:
        message["content"] = ""


def _add_call(calls: list[Json], call: Json) -> None:
    while len(calls) <= call["index"]:
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    known = calls[call["index"]]
    known["id"] = call.get("id") or known["id"]
    function: Any = call.get("function") or {}
    for name in ("name", "arguments"):
        known["function"][name] += function.get(name) or ""


def whole_completion(chunks: Sequence[Json]) -> tuple[list[Json], Json]:
    """The choices of a legacy completion, and its usage."""
    choices: dict[int, Json] = {}
    usage: Json = {}
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for part in chunk.get("choices", ()):
            choice = choices.setdefault(
                part["index"],
                {"index": part["index"], "text": "", "logprobs": None, "finish_reason": None},
            )
            choice["text"] += part.get("text") or ""
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            for name, values in (part.get("logprobs") or {}).items():
                choice["logprobs"] = choice["logprobs"] or {}
                choice["logprobs"].setdefault(name, []).extend(values)
    return [choices[index] for index in sorted(choices)], usage
