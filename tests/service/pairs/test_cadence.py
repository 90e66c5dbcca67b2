"""Each event of the provider reaches the caller before the provider says the next."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from inference.protocols.sse import Parser
from tests.inference.tables import HEADERS
from tests.service.pairs.talk import Answer, asking
from tests.service.pairs.world import HTTP, PROTOCOLS, Translator, world
from tests.support.upstream import Sse

PIECES = tuple(f"{number} " for number in range(20))
PATIENCE = 5.0
"""Seconds a provider waits for its last event to be seen."""


class Halting:
    """Events of a stream, each held back until the caller has seen the one before."""

    def __init__(self, opening: list[bytes], pieces: list[bytes]) -> None:
        self._opening = opening
        self._pieces = pieces
        self._seen = threading.Semaphore(0)
        self.late: list[int] = []

    def saw(self) -> None:
        self._seen.release()

    def __iter__(self) -> Iterator[bytes]:
        yield b"".join(self._opening)
        for number, piece in enumerate(self._pieces):
            yield piece
            if not self._seen.acquire(timeout=PATIENCE):
                self.late.append(number)
                return


def halting_text(pair: Translator) -> Halting:
    return Halting(pair.script.opening(), [pair.script.text(piece) for piece in PIECES])


def halting_call(pair: Translator) -> Halting:
    opening = pair.script.call("call_1", "add")
    return Halting(opening, [pair.script.arguments(piece) for piece in PIECES])


KINDS: dict[str, Callable[[Translator], Halting]] = {
    "text": halting_text,
    "arguments": halting_call,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_is_seen_before_the_next_is_said(
    pair: Translator, kind: str, mode: str
) -> None:
    """Twenty pieces of text, and of a tool call's arguments: no relay collects any two."""
    events = KINDS[kind](pair)
    pair.provider.script(Sse(events, then="cut"))
    piece_in = pair.caller.text_in if kind == "text" else pair.caller.arguments_in
    seen: list[str] = []

    def take(event: object) -> bool:
        piece = piece_in(event)
        if piece:
            seen.append(piece)
            events.saw()
        return len(seen) == len(PIECES)

    if mode == "sync":
        stream = pair.caller.create(asking("Count."), pair.model, stream=True)
        any(map(take, stream))
        stream.close()
    else:
        asyncio.run(_read(pair, take))
    assert not events.late
    assert tuple(seen) == PIECES


async def _read(pair: Translator, take: Callable[[object], bool]) -> None:
    async with pair.caller.async_sdk() as sdk:
        async with await pair.caller.create_async(sdk, asking("Count."), pair.model) as stream:
            async for event in stream:
                if take(event):
                    return


@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_silence_is_filled_with_pings_in_anthropics_form(upstream: str) -> None:
    """Before the first event and between two, whatever the provider speaks, comments included."""
    with world(heartbeat=0.15) as made:
        pair = made.pair("anthropic", upstream)
        events = pair.script.events(Answer(("late",)))
        pair.provider.script(*(Sse(_with_comments(events), delay=0.5) for _ in range(2)))
        body = {**pair.caller.fields(asking("Hi"), pair.model), "stream": True}
        answer = HTTP.post(made.gateway.url + pair.caller.path, json=body, headers=HEADERS)
        got = pair.ask(asking("Hi"), stream=True, mode="sync")
    before, _, after = answer.text.partition("event: message_start")
    assert before.count('event: ping\ndata: {"type": "ping"}\n\n') >= 2
    assert after.count("event: ping") >= 2
    assert Parser().feed(answer.content)[-1].name == b"message_stop"
    assert got.text == "late"


def _with_comments(events: list[bytes]) -> Iterator[bytes]:
    """A provider that says nothing but comments for a while in the middle of its answer."""
    middle = len(events) - 3
    yield from events[:middle]
    for _ in range(10):
        time.sleep(0.05)
        yield b": still there\n\n"
    yield from events[middle:]
