"""Which tool call a piece of a streamed answer belongs to.

By the protocol its `index` tells. Servers in use give every call the index 0, or none, send an
id with every piece or with none, or the id before the name.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.hub_answer import AnsweredToolCall, CalledFunction

_ANY: Final = msgspec.json.Decoder(msgspec.Raw)


class Known:
    """A call of the stream."""

    __slots__ = ("_arguments", "begun", "extra", "id", "name", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        """Its place among the calls, by which they are told apart from here on."""
        self.id = ""
        self.name = ""
        self.extra: Any = None
        self.begun = False
        """Its id and name were handed on."""
        self._arguments: list[str] = []

    def add(self, arguments: str) -> None:
        if arguments:
            self._arguments.append(arguments)

    @property
    def arguments(self) -> str:
        return "".join(self._arguments)

    def complete(self) -> bool:
        """Whether its arguments are JSON, so that nothing can follow."""
        return is_complete(self.arguments)


def is_complete(arguments: str) -> bool:
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        _ANY.decode(arguments)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False
    return True


class CallPieces:
    """The calls of one stream's choice, and how their pieces are told apart."""

    __slots__ = ("_by_id", "_by_index", "_last", "calls")

    def __init__(self) -> None:
        self.calls: list[Known] = []
        self._by_index: dict[int, Known] = {}
        self._by_id: dict[str, Known] = {}
        self._last: Known | None = None

    def place(self, index: int | None, call_id: str, name: str, arguments: str) -> Known:
        """The call that this piece begins or goes on with."""
        if index is None:
            known = self._unnumbered(call_id, name, arguments)
        else:
            known = self._numbered(index, call_id, name, arguments)
        if known is None:
            known = Known(len(self.calls))
            self.calls.append(known)
        if index is not None:
            self._by_index[index] = known
        if call_id and not known.id:
            known.id = call_id
            self._by_id.setdefault(call_id, known)
        if name and not known.name:
            known.name = name
        known.add(arguments)
        self._last = known
        return known

    def _numbered(self, index: int, call_id: str, name: str, arguments: str) -> Known | None:
        known = self._by_index.get(index)
        if known is None:
            return None
        if call_id and known.id and call_id != known.id:
            earlier = self._by_id.get(call_id)
            if earlier is not None:
                return earlier
            # A new id for every piece of one call is known of some servers.
            return None if name or known.complete() else known
        again = name and not call_id and known.name and arguments
        return None if again and known.complete() else known

    def _unnumbered(self, call_id: str, name: str, arguments: str) -> Known | None:
        known = self._last
        if call_id:
            if call_id in self._by_id or known is None:
                return self._by_id.get(call_id)
            return None if known.id or name else known
        if known is None:
            return None
        if name and known.name and (name != known.name or (arguments and known.complete())):
            return None
        return known


class CallStream:
    """The pieces as the protocol has them: an index each, the first with id and name."""

    __slots__ = ("_pieces", "_waiting")

    def __init__(self) -> None:
        self._pieces = CallPieces()
        self._waiting: list[Known] = []

    def of(self, calls: list[AnsweredToolCall]) -> list[AnsweredToolCall]:
        out: list[AnsweredToolCall] = []
        for call in calls:
            function = call.function or CalledFunction()
            arguments = function.arguments or ""
            known = self._pieces.place(call.index, call.id or "", function.name or "", arguments)
            if call.extra_content:
                known.extra = call.extra_content
            if known.begun:
                if arguments:
                    more = CalledFunction(arguments=arguments)
                    out.append(AnsweredToolCall(index=known.number, function=more))
            elif known.name and (known.id or known.arguments):
                out += self.waiting(before=known)
                out.append(self._begun(known))
            elif known not in self._waiting:
                self._waiting.append(known)
        return out

    def waiting(self, before: Known | None = None) -> list[AnsweredToolCall]:
        """Calls that have a name and waited for an id or arguments, which may never come."""
        ready = [
            known
            for known in self._waiting
            if known.name and not known.begun and (before is None or known.number < before.number)
        ]
        return [self._begun(known) for known in ready]

    def _begun(self, known: Known) -> AnsweredToolCall:
        known.begun = True
        function = CalledFunction(name=known.name, arguments=known.arguments or None)
        return AnsweredToolCall(
            index=known.number,
            id=known.id or None,
            function=function,
            extra_content=known.extra,
        )
