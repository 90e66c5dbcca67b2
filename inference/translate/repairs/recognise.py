"""How providers say what they refuse, as data, and which fixes answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from governance.kinds.model_rules import Fix
from inference.translate.repairs.members import DROPPABLE, EMPTY_ONLY, KNOWN
from inference.values.reported_error import ReportedError

_PATH: Final = r"['\"`]?(?<![\w.\[\]-])([\w.\[\]-]{1,120})['\"`]?"
"""A member's name, alone or at the end of a path."""

_REFUSED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _PATH + r"[:\s]+extra (?:inputs|fields) (?:are )?not permitted",  # Pydantic
        r"'loc': \('body', (?:[^)]*, )?'([\w-]+)'\)[^}]*?extra",  # vLLM, as Python writes it
        r"unrecogni[sz]ed (?:request )?(?:arguments?|parameters?|fields?|keys?)"
        r"(?: supplied| in request)?: ?([\w., '\"`-]+)",  # OpenAI
        r"un(?:known|supported|expected|recogni[sz]ed) "
        r"(?:parameters?|fields?|names?|members?|arguments?|property|keyword arguments?)"
        r":? \(?" + _PATH,  # OpenAI, Go's and Rust's JSON readers, Gemini
        r"unsupported value: " + _PATH + r" does not support",  # OpenAI
        r"(?:property|parameter|field|argument|option) " + _PATH + r" (?:is|are) (?:not supported"
        r"|unsupported|not allowed|not permitted|unknown|invalid)",  # Groq
        _PATH + r" (?:parameter |field |argument |option )?(?:is|are) "
        r"(?:not (?:supported|allowed|permitted|available)|unsupported|deprecated)",  # Anthropic
        r"does not (?:support|accept|allow) (?:the |an? )?"
        r"(?:parameters?:? |fields? |arguments? )?" + _PATH,  # xAI
        r"(?:parameter|argument|field)s? not supported(?: on this model| by this model)?: "
        + _PATH,  # xAI
        r"additional properties are not allowed \(" + _PATH,  # JSON Schema
        _PATH + r" (?:was|is) (?:unexpected|not expected)",
        r"unsupported(?:_| )params?[^\n]{0,40}?[:\[] ?" + _PATH,  # LiteLLM
        _PATH + r" (?:must|should) be unset\b",  # Anthropic, beside thinking
        _PATH + r" may only be set to 1 when thinking",  # Anthropic
        r"\b(top_p|top_k)\b['`]? must be (?:greater than or equal to 0?\.95|unset)",  # Anthropic
    )
)
_REFUSING_CODES: Final = frozenset(
    {"unsupported_parameter", "unsupported_value", "unknown_parameter", "unrecognized_parameter"}
)
_WORD: Final = re.compile(r"[A-Za-z_][\w]*")
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def refused_members(reported: ReportedError) -> Iterator[str]:
    """Names of the request's members that a refusal names, without the path to them."""
    if reported.code in _REFUSING_CODES and reported.param:
        yield _name(reported.param)
    for pattern in _REFUSED:
        for found in pattern.finditer(reported.text):
            for path in re.split(r"[,\s]+", found[1]):
                if path:
                    yield _name(path)


def _name(path: str) -> str:
    """`presencePenalty` and `messages[1].presence_penalty` are `presence_penalty`."""
    words = _WORD.findall(path)
    return _CAPITAL.sub("_", words[-1]).lower() if words else ""


def refuses_member(reported: ReportedError) -> bool:
    """Whether a provider lacks a member that others know, so that another target may take it."""
    return any(name in KNOWN or name in DROPPABLE for name in refused_members(reported))


def recognise(reported: ReportedError) -> Iterator[Fix]:
    """Fixes that may answer a refusal, the most telling first. Whoever makes them takes the first
    that changes the request."""
    text = reported.text
    for phrase in _PHRASES:
        found = phrase.words.search(text)
        if found is not None:
            yield from phrase.fixes(found)
    for name in refused_members(reported):
        if name in ("max_tokens", "max_completion_tokens"):
            other = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
            yield Fix("rename_limit", other)
        elif name in DROPPABLE or name in EMPTY_ONLY or name == "output_config":
            yield Fix("drop", name)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """What a provider says, and the fixes for it."""

    words: re.Pattern[str]
    fixes: Callable[[re.Match[str]], Iterator[Fix]]


_LEAST_ROOM: Final = 0.1
"""Share of the context that must be free; a prompt that leaves less is too long."""


def _always(*fixes: Fix) -> Callable[[re.Match[str]], Iterator[Fix]]:
    return lambda found: iter(fixes)


def _limit_named(found: re.Match[str]) -> Iterator[Fix]:
    number = int(found[1].replace(",", "").replace("_", ""))
    if number > 0:
        yield Fix("limit", str(number))


def _limit_below(found: re.Match[str]) -> Iterator[Fix]:
    number = int(found[1]) - 1
    if number > 0:
        yield Fix("limit", str(number))


def _room_left(found: re.Match[str]) -> Iterator[Fix]:
    """What the prompt leaves of the context."""
    context, prompt = int(found["context"]), int(found["prompt"])
    if context - prompt > context * _LEAST_ROOM:
        yield Fix("limit_left", str(context - prompt))


def _phrase(words: str, fixes: Callable[[re.Match[str]], Iterator[Fix]]) -> _Phrase:
    return _Phrase(re.compile(words, re.IGNORECASE | re.DOTALL), fixes)


_TOKENS: Final = r"max_(?:completion_|output_|new_)?tokens"
_PHRASES: Final = (
    # The prompt and the limit together exceed the context. vLLM, OpenAI, OpenRouter:
    _phrase(
        r"maximum context length (?:is|of) (?P<context>\d{2,9}) tokens.{0,80}"
        r"request has (?P<prompt>\d{1,9}) input tokens",
        _room_left,
    ),
    _phrase(
        r"maximum context length (?:is|of) (?P<context>\d{2,9}) tokens.{0,80}"
        r"\((?:about )?(?P<prompt>\d{1,9}) (?:in the messages|of text input|in the prompt)"
        r".{0,60}(?:in the completion|in the output|of .{0,12}output)",
        _room_left,
    ),
    # Anthropic:
    _phrase(
        r"exceed context limit: (?P<prompt>\d{1,9}) \+ \d{1,9} > (?P<context>\d{2,9})", _room_left
    ),
    # TGI, Together:
    _phrase(
        r"max_new_tokens` must be <= (?P<context>\d{2,9}).{0,20}Given: (?P<prompt>\d{1,9})",
        _room_left,
    ),
    # The limit exceeds what the model can write. OpenAI:
    _phrase(r"supports at most ([\d,_]{1,12}) (?:completion|output)? ?tokens", _limit_named),
    # DeepSeek, Qwen:
    _phrase(rf"range of {_TOKENS}['`\"]? (?:is|should be) \[\d+, ?(\d{{1,9}})\]", _limit_named),
    # Anthropic:
    _phrase(rf"{_TOKENS}['`\"]?: ?\d+ > (\d{{1,9}}), which is the maximum", _limit_named),
    # Groq, Cohere, Pydantic:
    _phrase(
        r"max[_ ](?:completion[_ ]|output[_ ])?tokens['`\"]?:? "
        r"(?:must|should|input should) be (?:less than or equal to|at most|<=|no more than)"
        r" ['`\"]?([\d,_]{1,12})",
        _limit_named,
    ),
    # Bedrock, Mistral and others:
    _phrase(r"exceeds the model(?:'s)? (?:output )?limit of ([\d,_]{1,12})", _limit_named),
    _phrase(rf"{_TOKENS} > (\d{{1,9}}) must have stream", _limit_named),  # Fireworks
    _phrase(
        rf"(?:maximum|max|limit)[^\n]{{0,30}}(?:for|of|on) ['`\"]?{_TOKENS}['`\"]?"
        r"(?: is|:)? (\d{1,9})",
        _limit_named,
    ),
    # Vertex:
    _phrase(r"supported range is from \d+ \(inclusive\) to (\d{1,9}) \(exclusive\)", _limit_below),
    _phrase(
        rf"{_TOKENS}['`\"]? is not supported with this model\. Use '?max_completion_tokens",
        _always(Fix("rename_limit", "max_completion_tokens")),
    ),
    # Sampling.
    _phrase(
        r"temperature['`\"]? and ['`\"]?top_p['`\"]? cannot both", _always(Fix("one_sampling"))
    ),
    _phrase(
        r"temperature['`\"]?:? (?:range: ?0(?:\.0)?\.\.|.{0,40}(?:less than or equal to|at most"
        r"|\[0(?:\.0)?, ?|between 0(?:\.0)? and|<= ?) ?)(?P<most>\d(?:\.\d+)?)",
        lambda found: iter([Fix("highest_temperature", found["most"])]),
    ),
    # Roles.
    _phrase(
        r"role.{0,80}does not support 'system'",
        _always(Fix("role", "developer")),
    ),
    _phrase(
        r"developer['`\"]?.{0,80}(?:expected one of|is not one of|not supported|unknown|invalid)"
        r"|(?:unknown variant|unexpected|invalid|unknown|unsupported|unrecognized)"
        r"(?: value| message)*(?: for)?:? ?(?:message )?(?:role)?s?:? ?['`\"]?developer"
        r"|unexpected message role|(?:invalid|unknown|unsupported|incorrect) (?:message )?role"
        r"|role.{0,60}(?:must be|should be|input should be|expected) .{0,60}\bsystem\b",
        _always(Fix("role", "system")),
    ),
    # A string where a list was sent.
    _phrase(
        r"invalid type: sequence, expected (?:a )?string"
        r"|content[^\n]{0,40}(?:must|should) be a (?:valid )?string"
        r"|cannot unmarshal array into .{0,80}string"
        r"|content[^\n]{0,60}expected (?:a )?string,? (?:but )?(?:got|received|found)"
        r"|expected (?:a )?string.{0,30}(?:got|received|found) (?:an )?(?:array|list)"
        r"|content field must be a string|unsupported content format",
        _always(Fix("text_as_string")),
    ),
    # Thinking.
    _phrase(
        r"signature[`'\"]? in [`'\"]?(?:redacted_)?thinking|thinking[^\n]{0,20}signature"
        r"|(?:invalid|missing)[^\n]{0,20}signature[^\n]{0,40}thinking"
        r"|redacted_thinking[^\n]{0,40}(?:invalid|decrypt)",
        _always(Fix("unsigned_thinking"), Fix("foreign_thinking")),
    ),
    _phrase(
        r"expected [`'\"]?thinking[`'\"]? or [`'\"]?redacted_thinking[`'\"]?, but found",
        _always(Fix("no_thinking")),
    ),
    _phrase(
        r"thinking\.type\.enabled[`'\"]? is not supported|use [`'\"]?thinking\.type\.adaptive",
        _always(Fix("adaptive_thinking")),
    ),
    _phrase(r"thinking may not be enabled when tool_choice", _always(Fix("no_thinking"))),
    _phrase(
        r"tools with reasoning_effort are not supported|set reasoning_effort to 'none'",
        _always(Fix("set_effort", "none")),
    ),
    _phrase(r"missing a [`'\"]?thought_signature", _always(Fix("thought_signature"))),
    # Ids of calls.
    _phrase(
        r"(?:tool_use\.id|tool_use_id|\.id).{0,40}should match pattern",
        _always(Fix("call_ids", "word")),
    ),
    _phrase(
        r"tool call id.{0,120}length of 9|tool_call_id.{0,60}length of 9",
        _always(Fix("call_ids", "nine")),
    ),
    _phrase(
        r"(?:\.id|tool_call_id|call_id)['`\"]?: string too long.{0,60}maximum length 40",
        _always(Fix("call_ids", "short")),
    ),
)
