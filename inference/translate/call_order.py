"""Tool results directly behind their calls, as every provider wants them.

Agents write what was said while a tool ran between its call and its result. Such words of the
assistant join the message with the calls, those of others follow the results.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

Message = dict[str, Any]

_TEXTS: Final = ("reasoning_content", "refusal")
_LISTS: Final = ("thinking_blocks", "tool_calls")


def is_ordered(messages: Sequence[Message]) -> bool:
    """Whether nothing stands between a call and its result."""
    waiting: set[Any] = set()
    for message in messages:
        if message["role"] == "tool":
            waiting.discard(message.get("tool_call_id"))
        elif waiting:
            return False
        else:
            waiting = set(_calls(message))
    return True


def in_order(messages: list[Message]) -> list[Message]:
    """The messages, with results directly behind the calls they answer.

    Calls that are never answered, and answers to nothing, stay as they are.
    """
    if is_ordered(messages):
        return messages
    answers = _Answers(messages)
    out: list[Message] = []
    taken = 0
    while taken < len(messages):
        message = messages[taken]
        taken += 1
        last = answers.last(message, taken - 1)
        if last is None:
            out.append(message)
            continue
        results: list[Message] = []
        between: list[Message] = []
        ids = set(_calls(message))
        while taken <= last:
            one = messages[taken]
            if one["role"] == "assistant":
                message = _joined(message, one)
                ids.update(_calls(one))
                last = max(last, answers.last(one, taken) or 0)
            elif one["role"] == "tool" and one.get("tool_call_id") in ids:
                results.append(one)
            else:
                between.append(one)
            taken += 1
        out += [message, *results, *between]
    return out


class _Answers:
    """Where calls are made and answered; ids may come again in a later turn."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._answered: dict[Any, list[int]] = defaultdict(list)
        self._called: dict[Any, list[int]] = defaultdict(list)
        for position, message in enumerate(messages):
            if message["role"] == "tool":
                self._answered[message.get("tool_call_id")].append(position)
            for call_id in _calls(message):
                self._called[call_id].append(position)

    def last(self, message: Message, position: int) -> int | None:
        """Where the last answer to the calls of a message stands."""
        found = [self._answer(call_id, position) for call_id in _calls(message)]
        return max((at for at in found if at is not None), default=None)

    def _answer(self, call_id: Any, position: int) -> int | None:
        answer = _after(self._answered.get(call_id, []), position)
        again = _after(self._called[call_id], position)
        if answer is None or (again is not None and again < answer):
            return None
        return answer


def _after(positions: list[int], position: int) -> int | None:
    at = bisect_right(positions, position)
    return positions[at] if at < len(positions) else None


def _calls(message: Message) -> list[Any]:
    if message["role"] != "assistant":
        return []
    return [call.get("id") for call in message.get("tool_calls") or ()]


def _joined(first: Message, second: Message) -> Message:
    """Two messages of the assistant as one."""
    out = {**second, **{name: value for name, value in first.items() if value is not None}}
    out["content"] = _contents(first.get("content"), second.get("content"))
    for name in _TEXTS:
        if first.get(name) and second.get(name):
            out[name] = f"{first[name]}\n\n{second[name]}"
    for name in _LISTS:
        if first.get(name) and second.get(name):
            out[name] = [*first[name], *second[name]]
    return out


def _contents(first: Any, second: Any) -> Any:
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
