"""Anthropic's turns as OpenAI's messages: tool results become messages of their own."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.messages.caller.parts import Part, joined, only_text, parts_of
from inference.translate.messages.caller.server_tools import is_of_server_tool, told
from inference.translate.messages.request_schema import Block, MessagesRequest
from inference.translate.sealing import opened_id
from inference.translate.signature import UNSIGNED, details_in
from inference.translate.tool_input import text_of

Message = dict[str, Any]

_THINKING: Final = ("thinking", "redacted_thinking")


def messages_of(asked: MessagesRequest, dropped: Dropped) -> list[Message]:
    """OpenAI's messages, the system prompt first."""
    messages: list[Message] = []
    if asked.system:
        messages.append({"role": "system", "content": _system(asked.system, "system", dropped)})
    for position, turn in enumerate(asked.messages):
        path = f"messages[{position}].content"
        if turn.role == "system":
            messages.append({"role": "system", "content": _system(turn.content, path, dropped)})
        elif isinstance(turn.content, str):
            messages.append({"role": turn.role, "content": turn.content})
        elif turn.role == "assistant":
            messages.append(_assistant(turn.content, path, dropped))
        else:
            messages += _user(turn.content, path, dropped)
    return messages


def _system(content: str | list[Block], path: str, dropped: Dropped) -> str:
    """One text: the templates of many models take one system message, and it a string."""
    if isinstance(content, str):
        return content
    texts = []
    for position, block in enumerate(content):
        parts = parts_of(block, f"{path}[{position}]", dropped)
        if not only_text(parts):
            where = f"{path}[{position}]"
            raise Inexpressible(where, f"`{where}`: a system prompt holds text alone.")
        texts.append(joined(parts))
    return "\n\n".join(texts)


def _user(blocks: list[Block], path: str, dropped: Dropped) -> list[Message]:
    """Results first, since they have to follow the calls; then what the user adds.

    A message of role `tool` holds text alone, so what else a result brings follows as the user's.
    """
    results: list[Message] = []
    shown: list[Part] = []
    said: list[Part] = []
    for position, block in enumerate(blocks):
        where = f"{path}[{position}]"
        if block.type != "tool_result":
            said += parts_of(block, where, dropped)
            continue
        result, rest = _result(block, where, dropped)
        results.append(result)
        if rest:
            shown += [_text(f"Returned by the tool call {block.tool_use_id}:"), *rest]
    parts = shown + said
    if not parts and results:
        return results
    alone = len(parts) == 1 and parts[0]["type"] == "text"
    return [*results, {"role": "user", "content": parts[0]["text"] if alone else parts}]


def _result(block: Block, path: str, dropped: Dropped) -> tuple[Message, list[Part]]:
    """A tool result's message, and what that message cannot hold."""
    if block.tool_use_id is None:
        raise Inexpressible(f"{path}.tool_use_id", f"`{path}.tool_use_id` is required.")
    if block.cache_control is not None:
        dropped.add("cache_control")
    parts: list[Part] = []
    if isinstance(block.content, str):
        parts = [_text(block.content)]
    else:
        blocks = [block.content] if isinstance(block.content, Block) else block.content or ()
        for position, inner in enumerate(blocks):
            parts += parts_of(inner, f"{path}.content[{position}]", dropped)
    text = joined(parts)
    if block.is_error:
        # OpenAI's protocol knows no failed result but one that says so.
        text = f"Error: {text}"
    rest = [part for part in parts if part["type"] != "text"]
    call_id, _ = opened_id(block.tool_use_id)
    return {"role": "tool", "tool_call_id": call_id, "content": text}, rest


def _assistant(blocks: list[Block], path: str, dropped: Dropped) -> Message:
    texts: list[Part] = []
    calls: list[dict[str, Any]] = []
    for position, block in enumerate(blocks):
        where = f"{path}[{position}]"
        if block.type == "tool_use":
            if block.cache_control is not None:
                dropped.add("cache_control")
            calls.append(_call(block, where))
        elif block.type not in _THINKING:
            texts += _said(block, where, dropped)
    return _turn(texts, _reasoning(blocks, dropped), calls)


def _turn(texts: list[Part], reasoning: Message, calls: list[dict[str, Any]]) -> Message:
    message: Message = {"role": "assistant", "content": None}
    if texts:
        message["content"] = texts[0]["text"] if len(texts) == 1 else texts
    elif not calls:
        message["content"] = ""
    message |= reasoning
    if calls:
        message["tool_calls"] = calls
    return message


def _reasoning(blocks: list[Block], dropped: Dropped) -> Message:
    """What this gateway made thinking of, as the upstream gave it."""
    thoughts: list[str] = []
    details: list[dict[str, Any]] = []
    for block in blocks:
        if block.type not in _THINKING:
            continue
        marked = block.signature or block.data or ""
        if marked.startswith(UNSIGNED):
            thoughts += [block.thinking] if block.thinking else []
            details += details_in(marked)
        else:
            # Signed by an Anthropic model for itself; it means nothing to another.
            dropped.add("messages.thinking")
    reasoning: Message = {"reasoning_content": "\n".join(thoughts)} if thoughts else {}
    return {**reasoning, "reasoning_details": details} if details else reasoning


def _said(block: Block, path: str, dropped: Dropped) -> list[Part]:
    """Text, or what a tool of Anthropic's own did, in words."""
    if block.type == "text":
        return parts_of(block, path, dropped)
    if is_of_server_tool(block):
        return [_text(told(block, dropped))]
    raise Inexpressible(path, f"`{path}`: {block.type!r} is known to Anthropic alone.")


def _call(block: Block, path: str) -> dict[str, Any]:
    for name in ("id", "name"):
        if getattr(block, name) is None:
            raise Inexpressible(f"{path}.{name}", f"`{path}.{name}` is required.")
    function = {"name": block.name, "arguments": text_of(block.input)}
    call_id, extra = opened_id(block.id or "")
    call = {"id": call_id, "type": "function", "function": function}
    return {**call, "extra_content": extra} if extra is not None else call


def _text(text: str) -> Part:
    return {"type": "text", "text": text}
