"""What each repair does to a request's body; each says the names of what it changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from inference.translate.accepted_chat import system_first
from inference.translate.json_errors import Dropped
from inference.translate.repairs.fields import BodyMembers, objects
from inference.translate.repairs.members import drop
from inference.translate.signature import UNSIGNED

LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_SAMPLING: Final = ("temperature", "top_p")
_LEAST_THINKING: Final = 1024
"""Tokens. Source: Anthropic's API reference, `thinking.budget_tokens`."""
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"

Changed = tuple[str, ...]


def drop_member(fields: BodyMembers, name: str) -> Changed:
    return (name,) if drop(fields, name) else ()


def fixed_temperature(fields: BodyMembers, value: str) -> Changed:
    """For models that know the temperature 1 alone."""
    if fields.get("temperature") in (None, 1):
        return ()
    fields.drop("temperature")
    return ("temperature",)


def one_sampling(fields: BodyMembers, value: str) -> Changed:
    """For models that take a temperature or `top_p`, not both."""
    if any(fields.get(name) is None for name in _SAMPLING):
        return ()
    fields.drop("top_p")
    return ("top_p",)


def highest_temperature(fields: BodyMembers, value: str) -> Changed:
    given, highest = fields.get("temperature"), float(value)
    if not _is_number(given) or given <= highest:
        return ()
    fields.set("temperature", int(highest) if highest.is_integer() else highest)
    return ("temperature",)


def limit(fields: BodyMembers, value: str) -> Changed:
    """At most so many tokens of answer, thinking included."""
    most = int(value)
    changed = []
    for name in LIMITS:
        given = fields.get(name)
        if _is_number(given) and given > most:
            fields.set(name, most)
            changed.append(name)
    thinking = fields.get("thinking") if changed else None
    if isinstance(thinking, dict) and _is_number(thinking.get("budget_tokens")):
        if most <= _LEAST_THINKING:
            fields.drop("thinking")
            changed.append("thinking")
        elif thinking["budget_tokens"] >= most:
            fields.set("thinking", {**thinking, "budget_tokens": most - 1})
            changed.append("thinking.budget_tokens")
    return tuple(changed)


def rename_limit(fields: BodyMembers, value: str) -> Changed:
    """`value` is the name that the provider knows."""
    for name in LIMITS:
        if name != value and name in fields:
            given = fields.get(name)
            fields.drop(name)
            if value not in fields:
                fields.set(value, given)
            return (name,)
    return ()


def role(fields: BodyMembers, value: str) -> Changed:
    """`developer` becomes `system`, or the other way round."""
    other = "system" if value == "developer" else "developer"
    messages = fields.get("messages")
    found = [one for one in objects(messages) if one.get("role") == other]
    for one in found:
        one["role"] = value
    if found:
        fields.set("messages", messages)
    return ("messages.role",) if found else ()


def one_system_message(fields: BodyMembers, value: str) -> Changed:
    """Leading messages of the system become one; a later one is given as the user's."""
    messages = fields.get("messages")
    dropped = Dropped()
    changed = system_first(messages, dropped)
    if changed == messages:
        return ()
    fields.set("messages", changed)
    return dropped.names() or ("messages.role",)


def text_as_string(fields: BodyMembers, value: str) -> Changed:
    """Content that is text alone becomes one string."""
    messages = fields.get("messages")
    changed = False
    for message in objects(messages):
        content = message.get("content")
        if not isinstance(content, list):
            continue
        texts = [_text(part) for part in content]
        told = [text for text in texts if text is not None]
        if len(told) == len(texts):
            message["content"] = "\n\n".join(told)
            changed = True
    if changed:
        fields.set("messages", messages)
    return ("messages.content",) if changed else ()


def _text(part: Any) -> str | None:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        text: str = part["text"]
        return text
    return None


def unsigned_thinking(fields: BodyMembers, value: str) -> Changed:
    """Thinking that nobody signed does not go back."""
    return _without_thinking(fields, lambda signature: signature in (None, "", UNSIGNED))


def foreign_thinking(fields: BodyMembers, value: str) -> Changed:
    """No thinking of earlier turns goes back: whose it is cannot be told."""
    return _without_thinking(fields, lambda signature: True)


def _without_thinking(fields: BodyMembers, taken: Callable[[Any], bool]) -> Changed:
    messages = fields.get("messages")
    changed = False
    for message in objects(messages):
        content = message.get("content")
        if message.get("role") != "assistant" or not isinstance(content, list):
            continue
        kept = [part for part in content if not _is_thinking(part, taken)]
        if len(kept) != len(content):
            message["content"] = kept
            changed = True
    if not changed:
        return ()
    # A turn that was thinking alone says nothing any more, and turns must say something.
    fields.set("messages", [one for one in messages if not _is_mute(one)])
    return ("messages.thinking",)


def _is_thinking(part: Any, taken: Callable[[Any], bool]) -> bool:
    if not isinstance(part, dict):
        return False
    if part.get("type") == "redacted_thinking":
        return taken(part.get("data"))
    return part.get("type") == "thinking" and taken(part.get("signature"))


def _is_mute(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") == "assistant"
        and message.get("content") == []
    )


def adaptive_thinking(fields: BodyMembers, value: str) -> Changed:
    """For models that decide for themselves how long to think."""
    thinking = fields.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return ()
    fields.set("thinking", {"type": "adaptive"})
    return ("thinking.budget_tokens",)


def set_effort(fields: BodyMembers, value: str) -> Changed:
    if fields.get("reasoning_effort") == value:
        return ()
    fields.set("reasoning_effort", value)
    return ("reasoning_effort",)


def call_ids(fields: BodyMembers, value: str) -> Changed:
    """Ids of tool calls in a form that is accepted, the same in a call and in its result."""
    shaped = _SHAPES.get(value)
    messages = fields.get("messages")
    if shaped is None:
        return ()
    changed = False
    for message in objects(messages):
        for holder, name in _id_holders(message):
            given = holder.get(name)
            if isinstance(given, str) and (made := shaped(given)) != given:
                holder[name] = made
                changed = True
    if changed:
        fields.set("messages", messages)
    return ("messages.tool_call_id",) if changed else ()


def _id_holders(message: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    holders = [(message, "tool_call_id")]
    holders += [(call, "id") for call in objects(message.get("tool_calls"))]
    for part in objects(message.get("content")):
        if part.get("type") in ("tool_use", "server_tool_use"):
            holders.append((part, "id"))
        elif str(part.get("type")).endswith("tool_result"):
            holders.append((part, "tool_use_id"))
    return holders


def _digest(given: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(given.encode(errors="replace")).digest())
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)


def _word(given: str) -> str:
    """Anthropic's form. What is replaced is told apart by a digest."""
    if given and not _ILLEGAL.search(given):
        return given
    return f"{_ILLEGAL.sub('_', given)[:48]}_{_digest(given, 8)}"


def _short(given: str) -> str:
    """At most 40 characters, as OpenAI wants it."""
    return given if len(given) <= 40 else f"call_{_digest(given, 24)}"


def _nine(given: str) -> str:
    """Nine letters and digits, as Mistral wants it."""
    plain = len(given) == 9 and given.isascii() and given.isalnum()
    return given if plain else _digest(given, 9)


_SHAPES: Final = {"word": _word, "short": _short, "nine": _nine}


def thought_signature(fields: BodyMembers, value: str) -> Changed:
    """For calls that another model made, which carry no signature of Gemini's."""
    messages = fields.get("messages")
    changed = False
    for message in objects(messages):
        for call in objects(message.get("tool_calls")):
            extra = call.get("extra_content")
            google = extra.get("google") if isinstance(extra, dict) else None
            if isinstance(google, dict) and google.get("thought_signature"):
                continue
            call["extra_content"] = {
                **(extra if isinstance(extra, dict) else {}),
                "google": {
                    **(google if isinstance(google, dict) else {}),
                    "thought_signature": _ANY_SIGNATURE,
                },
            }
            changed = True
    if changed:
        fields.set("messages", messages)
    return ("messages.tool_calls.thought_signature",) if changed else ()


_ANY_SIGNATURE: Final = "skip_thought_signature_validator"
"""Source: Google's guide to thought signatures, on histories of other models."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
