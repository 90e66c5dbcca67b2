"""PURE: request bodies -> asks, by the rules of OpenAI's chat and legacy completions protocols.

Nothing reaches the generator that was not checked here, since a bad value there can end the
generation of every other caller. Unknown fields are ignored; known ones this engine cannot
honour are refused by name rather than silently dropped.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from inference.local.fields import boolean, integer, mapping, number, text, wrong
from inference.local.generation import (
    Abilities,
    ChatGeneration,
    CompletionGeneration,
    InvalidGeneration,
    Object,
    Sampling,
)
from inference.local.messages import read_messages, read_tools

MAX_STOPS = 4
SEED_LIMIT = 2**63
TOKENS_LIMIT = 2**31
NO_ABILITIES = Abilities()

WITHOUT_EFFECT: Mapping[str, tuple[Any, ...]] = {
    "repeat_penalty": (1,),
    "typical_p": (1,),
    "tfs_z": (1,),
    "top_a": (0,),
    "min_tokens": (0,),
    "mirostat": (0,),
    "xtc_probability": (0,),
    "dry_multiplier": (0,),
    "length_penalty": (1,),
    "best_of": (1,),
    "use_beam_search": (False,),
    "ignore_eos": (False,),
    "grammar": ("",),
    "guided_json": (),
    "guided_regex": (),
    "guided_choice": (),
    "guided_grammar": (),
    "structured_outputs": (),
    "logits_bias": (),
    "bad_words": ([],),
    "stop_token_ids": ([],),
}
"""Fields of other engines that change what is generated, with the values that do not. A caller who
sends another value is told that it does not hold here."""


def read_body(raw: bytes) -> Object:
    """The JSON object of a request. Raises BadRequest."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidGeneration(
            f"The body is not valid JSON: {error}", code="invalid_json"
        ) from error
    if not isinstance(body, dict):
        raise InvalidGeneration("The body must be a JSON object.", code="invalid_type")
    return body


def read_chat(
    body: Object, defaults: Sampling, vocabulary: int, abilities: Abilities = NO_ABILITIES
) -> ChatGeneration:
    """A chat request. `defaults` are the model's own sampling values. Raises BadRequest."""
    if body.get("modalities") not in (None, ["text"]):
        wrong("modalities", 'must be ["text"]', "unsupported_value")
    if body.get("audio") is not None:
        wrong("audio", "is not supported: this model writes text only", "unsupported_parameter")
    top: int | None = integer(body, "top_logprobs", 0, 20)
    wanted = boolean(body, "logprobs")
    if top is not None and not wanted:
        wrong("top_logprobs", "needs 'logprobs' to be true")
    response_format = _response_format(body, grammar=abilities.grammar)
    messages = read_messages(body.get("messages"), images=abilities.images)
    tools, choice = read_tools(body, forced=abilities.grammar)
    return ChatGeneration(
        **_shared(body, defaults, vocabulary, abilities),
        top_logprobs=(top or 0) if wanted else None,
        messages=messages,
        tools=tools,
        tool_choice=choice,
        response_format=response_format,
    )


def read_completion(
    body: Object, defaults: Sampling, vocabulary: int, abilities: Abilities = NO_ABILITIES
) -> CompletionGeneration:
    """A legacy completion request. Raises BadRequest."""
    if body.get("suffix"):
        wrong("suffix", "is not supported", "unsupported_parameter")
    if boolean(body, "echo"):
        wrong("echo", "is not supported", "unsupported_parameter")
    integer(body, "best_of", 1, 1)
    return CompletionGeneration(
        **_shared(body, defaults, vocabulary, abilities),
        top_logprobs=integer(body, "logprobs", 0, 5),
        prompt=_prompt(body.get("prompt"), vocabulary),
    )


def _shared(
    body: Object, defaults: Sampling, vocabulary: int, abilities: Abilities
) -> dict[str, Any]:
    """The fields of Ask but `top_logprobs`, which the two protocols spell differently."""
    _refuse_unsupported(body)
    choices = integer(body, "n", 1, abilities.most_choices)
    options = mapping(body.get("stream_options") or {}, "stream_options")
    limit = integer(body, "max_completion_tokens", 1, TOKENS_LIMIT)
    legacy = integer(body, "max_tokens", 1, TOKENS_LIMIT)
    return {
        "stream": boolean(body, "stream"),
        "include_usage": boolean(options, "include_usage", "stream_options."),
        "max_tokens": legacy if limit is None else limit,
        "sampling": _sampling(body, defaults, vocabulary),
        "stops": _stops(body.get("stop")),
        "choices": choices or 1,
    }


def _refuse_unsupported(body: Object) -> None:
    """What would change the answer and cannot be honoured is refused rather than ignored."""
    for name, harmless in WITHOUT_EFFECT.items():
        value = body.get(name)
        if value is None or value in harmless:
            continue
        if name != "best_of":
            wrong(name, "is not supported by this model's runtime", "unsupported_parameter")


def _sampling(body: Object, defaults: Sampling, vocabulary: int) -> Sampling:
    return Sampling(
        temperature=number(body, "temperature", 0, 2, defaults.temperature),
        top_p=number(body, "top_p", 0, 1, defaults.top_p),
        seed=integer(body, "seed", -SEED_LIMIT, SEED_LIMIT - 1),
        presence_penalty=number(body, "presence_penalty", -2, 2, 0.0),
        frequency_penalty=number(body, "frequency_penalty", -2, 2, 0.0),
        logit_bias=_logit_bias(body.get("logit_bias"), vocabulary),
        top_k=integer(body, "top_k", -1, TOKENS_LIMIT),
        min_p=_optional(body, "min_p", 0, 1),
        repetition_penalty=_optional(body, "repetition_penalty", 0.01, 10),
    )


def _optional(body: Object, name: str, low: float, high: float) -> float | None:
    return None if body.get(name) is None else number(body, name, low, high, 0.0)


def _stops(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list):
        wrong("stop", "must be a string or an array of strings", "invalid_type")
    if len(stops) > MAX_STOPS:
        wrong("stop", f"must have at most {MAX_STOPS} strings")
    for i, stop in enumerate(stops):
        if not text(stop, f"stop[{i}]"):
            wrong(f"stop[{i}]", "must not be empty")
    return tuple(stops)


def _logit_bias(value: Any, vocabulary: int) -> tuple[tuple[int, float], ...]:
    if value is None:
        return ()
    biases = []
    for token, bias in mapping(value, "logit_bias").items():
        if not (token.isascii() and token.isdigit() and int(token) < vocabulary):
            wrong("logit_bias", f"has {token[:20]!r}, which is no token of this model")
        biases.append((int(token), number({"logit_bias": bias}, "logit_bias", -100, 100, 0.0)))
    return tuple(biases)


def _response_format(body: Object, *, grammar: bool) -> Object | None:
    """None for plain text."""
    value = body.get("response_format")
    if value is None or mapping(value, "response_format").get("type") == "text":
        return None
    if not grammar:
        wrong(
            "response_format.type",
            'must be "text": this model cannot be held to a JSON schema',
            "unsupported_value",
        )
    if value.get("type") not in ("json_object", "json_schema"):
        wrong("response_format.type", "must be text, json_object or json_schema")
    if value["type"] == "json_schema":
        schema = mapping(value.get("json_schema"), "response_format.json_schema")
        mapping(schema.get("schema"), "response_format.json_schema.schema")
    return dict(value)


def _prompt(value: Any, vocabulary: int) -> str | tuple[int, ...]:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str | list):
        value = value[0]
    if value is None or value == "" or value == []:
        wrong("prompt", "must not be empty", "missing_required_parameter")
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        wrong("prompt", "must be a string or an array of tokens", "invalid_type")
    for token in value:
        if isinstance(token, bool) or not isinstance(token, int) or not 0 <= token < vocabulary:
            wrong("prompt", "must be one string, or tokens of this model")
    return tuple(value)


def check_model(body: Object, name: str) -> None:
    """The `model` of a body, when there, must be this worker's. Raises BadRequest (404)."""
    model = body.get("model")
    if model is not None and text(model, "model") != name:
        raise InvalidGeneration(
            f"The model {model[:200]!r} does not exist; there is {name!r}.",
            "model",
            "model_not_found",
            status=404,
        )


PRIORITIES: Mapping[str, int] = {"high": 0, "normal": 1, "low": 2}


def read_priority(header: str | None) -> int:
    """The rank of `x-pointsman-priority`: 0 goes first. Anything unknown counts as normal."""
    return PRIORITIES.get((header or "").strip().lower(), PRIORITIES["normal"])
