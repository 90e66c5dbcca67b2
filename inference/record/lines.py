"""A line of the log's segments: a record, and what the collector needs to finish it. PURE.

Segments are internal, so a line says which schema it follows. The collector reads the current one
and the one before, so that what was written before an upgrade is not lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from governance.interactions.record import AttemptRecord, InteractionRecord
from governance.limits.counting.allotment import Tally, TallyPlaces
from governance.prices import Seller, seller_of
from inference.record.record import RequestContext

VERSION: Final = 2


class UnknownVersion(ValueError):
    """A line of a schema that this release does not read: a newer release has written it."""


CounterKey = tuple[int, str, float]
"""Limit, scope, and when the window begins, Unix time in seconds."""


class Counted(NamedTuple):
    """What a record adds to a limit whose sum the ledger knows."""

    limit: int
    scope: str
    begin: float
    """Of the window, Unix time in seconds."""
    amount: float


class Line(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One finished request."""

    v: int
    record: InteractionRecord
    """Without costs, which are worked out by whoever reads the line."""
    sellers: tuple[Seller | None, ...] = ()
    """For each attempt of the record that used tokens."""
    request: bytes | None = None
    """The request's body, where content is logged."""
    answer: bytes | None = None
    """The answer as it was sent to the caller, likewise."""
    process: str = ""
    """Which web process wrote it, where limits were counted."""
    number: int = 0
    """Its place among the records that this process counted by limits; 0: it was not counted."""
    counted: tuple[Counted, ...] = ()
    """What it adds to limits, as the release before this one wrote it."""
    address: str = ""
    """The caller's, where there is a key whose last use is noted."""
    client: str = ""
    """What the caller calls itself."""
    tallies: tuple[Tally, ...] = ()
    """What it adds to limits."""

    def additions(self) -> list[tuple[CounterKey, float]]:
        """What it adds to each limit, whoever wrote it."""
        found = [((one.limit, one.scope, one.begin), one.amount) for one in self.counted]
        for places, amounts in self.tallies:
            found += [
                ((limit, scope, begin), amounts[place]) for limit, scope, begin, place in places
            ]
        return found


class _Versioned(msgspec.Struct):
    v: int = 1


_encode: Final = msgspec.json.Encoder().encode
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""Half of a row of backslashes is text."""
_version: Final = msgspec.json.Decoder(_Versioned).decode
_current: Final = msgspec.json.Decoder(Line).decode
_record: Final = msgspec.json.Decoder(InteractionRecord).decode


def line_of(record: InteractionRecord, context: RequestContext, process: str = "") -> bytes:
    """The line of a finished request, with its line feed; `process` is whoever writes it."""
    content = context.content
    line = Line(
        VERSION,
        record,
        sellers_of(context, record),
        None if content is None else content.request,
        None if content is None else b"".join(content.answer),
        process if context.tallies else "",
        context.number,
        (),
        context.address,
        context.client[:200].decode("latin-1"),
        tuple([_encoded(one) for one in context.tallies]),
    )
    return _without_nul(_encode(line)) + b"\n"


def _encoded(tally: Tally) -> Any:
    """A tally whose places need not be written anew where records of a key share them."""
    places, amounts = tally
    if not isinstance(places, TallyPlaces):
        return tally
    if places.encoded is None:
        places.encoded = msgspec.Raw(_encode(tuple(places)))
    return places.encoded, amounts


def _without_nul(line: bytes) -> bytes:
    """The line with U+FFFD for every U+0000, which PostgreSQL takes in no string of any column."""
    return _NUL.sub(rb"\1\\ufffd", line) if b"\\u0000" in line else line


def sellers_of(context: RequestContext, record: InteractionRecord) -> tuple[Seller | None, ...]:
    """Who was asked in each attempt, where that attempt has something to pay for."""
    return sellers_of_attempts(context, record.attempts)


def sellers_of_attempts(
    context: RequestContext, attempts: Sequence[AttemptRecord]
) -> tuple[Seller | None, ...]:
    return tuple([_seller(context, one) if one.usage else None for one in attempts])


def _seller(context: RequestContext, attempt: AttemptRecord) -> Seller | None:
    if context.plan is None:
        return None
    for candidate in context.plan.candidates:
        provider = candidate.provider
        if (provider.name, candidate.model) == (attempt.provider, attempt.model):
            return seller_of(provider)
    return None


def read_line(line: bytes) -> Line:
    """Raises `UnknownVersion`, and `msgspec.MsgspecError` for what is no line of ours."""
    try:
        found = _current(line)
    except msgspec.MsgspecError:
        pass
    else:
        if found.v == VERSION:
            return found
    version = _version(line).v
    read = READERS.get(version)
    if read is None:
        raise UnknownVersion(f"version {version}")
    return read(line)


def _bare(line: bytes) -> Line:
    """Version 1: a record with its cost, as the log of the first releases had it."""
    record = _record(line)
    if record.attempts and record.usage is not None and record.attempts[-1].usage is None:
        record.attempts[-1].usage = record.usage
        record.attempts[-1].cost_usd = record.cost_usd
    return Line(1, record)


READERS: Final[dict[int, Callable[[bytes], Line]]] = {1: _bare, VERSION: _current}
"""The reader of each version; the oldest goes when a new one comes."""
