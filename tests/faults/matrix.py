"""Every fault of a provider, before and after the commit, streamed and whole, alone and with a
healthy second, for callers of three protocols and providers of two."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from tests.faults.faulty import AFTER, BEFORE, SECOND, WIRES, WORDS, Faulty
from tests.faults.figures import Figure, equal
from tests.service.operator import Operator
from tests.support.eventually import eventually
from tests.support.installation import Installation

FIRST_EVENT, IDLE, TOTAL = 1.0, 1.0, 6.0
PATIENCE: Final = 2 * (FIRST_EVENT + IDLE) + 6.0
"""Seconds after which a request hangs: two targets by their deadlines, and a busy machine."""
AT_ONCE: Final = 8


@dataclass(frozen=True)
class Speech:
    """How callers of one protocol ask, and know the end of an answer."""

    path: str
    body: dict[str, Any]
    ends: tuple[str, ...]
    """What stands in a stream that is whole, and in no other."""
    errs: tuple[str, ...]


_USER = [{"role": "user", "content": "hi"}]
SPEECHES: Final = {
    "chat": Speech("/v1/chat/completions", {"messages": _USER}, ("[DONE]",), ('"error"',)),
    "messages": Speech(
        "/v1/messages",
        {"messages": _USER, "max_tokens": 50},
        ("event: message_stop",),
        ("event: error",),
    ),
    "responses": Speech(
        "/v1/responses",
        {"input": "hi"},
        ("event: response.completed",),
        ("event: response.failed", "event: error"),
    ),
}


@dataclass(frozen=True)
class Cell:
    fault: str
    upstream: str
    speech: str
    stream: bool
    second: bool

    @property
    def after(self) -> bool:
        return self.fault.startswith("after")

    @property
    def place(self) -> str:
        return f"{self.fault}-{self.upstream}-{'pair' if self.second else 'alone'}"


@dataclass(frozen=True)
class Got:
    cell: Cell
    request_id: str
    status: int
    text: str
    seconds: float
    framed: bool


def cells() -> list[Cell]:
    faults = [(f"before-{n}", True) for n in range(len(BEFORE))]
    faults += [(f"before-{n}", False) for n in range(len(BEFORE))]
    faults += [(f"after-{n}", True) for n in range(len(AFTER))]
    return [
        Cell(fault, upstream, speech, stream, second)
        for fault, stream in faults
        for upstream in WIRES
        for speech in SPEECHES
        for second in (False, True)
    ]


def configure(operator: Operator, faulty: Faulty) -> dict[str, str]:
    """A provider for each fault, so that no breaker opens for another. Virtual providers."""
    found = {}
    limits = {
        "first_event_timeout": FIRST_EVENT,
        "idle_timeout": IDLE,
        "total_timeout": TOTAL,
        "max_concurrency": 2,
    }
    for upstream in WIRES:
        url = faulty.base_url("healthy", upstream)
        good = operator.provider(url, **{**limits, "kind": upstream, "max_concurrency": None})
        for fault in sorted({cell.fault for cell in cells()}):
            for kind in ("alone", "pair"):
                # One for each profile: a breaker that opened would hide the fault.
                bad = operator.provider(faulty.base_url(fault, upstream), **limits, kind=upstream)
                names = [bad] if kind == "alone" else [bad, good]
                targets = [
                    {"provider": name, "model": "m", "priority": n} for n, name in enumerate(names)
                ]
                profile = operator.profile(
                    *targets, local_fallback="never", on_broken_stream="error", retries=0
                )
                found[f"{fault}-{upstream}-{kind}"] = profile["virtual_provider"]
    return found


def ask(operator: Operator, cell: Cell, virtual: str) -> Got:
    speech, request_id = SPEECHES[cell.speech], str(uuid4())
    body = {**speech.body, "model": f"{virtual}/m", "stream": cell.stream}
    headers = {**operator.headers, "x-request-id": request_id}
    began, text, status, framed = time.monotonic(), b"", 0, True
    try:
        with httpx.stream(
            "POST", operator.url + speech.path, json=body, headers=headers, timeout=30
        ) as answer:
            status = answer.status_code
            for piece in answer.iter_bytes():
                text += piece
    except httpx.HTTPError:
        framed = False
    seconds = time.monotonic() - began
    return Got(cell, request_id, status, text.decode("utf-8", "replace"), seconds, framed)


def said(got: Got) -> str:
    """The words of either provider, in the order they came."""
    found = sorted(
        (place, word) for word in (*WORDS, *SECOND) for place in _places(got.text, word.strip())
    )
    # Whole answers and events that end a stream say everything again.
    words = [word.strip() for _, word in found]
    return " ".join(dict.fromkeys(words))


def _places(text: str, word: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def wrong(got: Got) -> str:
    """What is wrong with an answer; empty where nothing is."""
    cell, speech = got.cell, SPEECHES[got.cell.speech]
    ended = any(one in got.text for one in speech.ends)
    first, second = " ".join(map(str.strip, WORDS)), " ".join(map(str.strip, SECOND))
    if not got.framed:
        return "badly framed"
    if got.seconds > PATIENCE:
        return "hangs"
    if cell.after:
        if ended:
            return "a false end"
        return "" if said(got) == first and any(e in got.text for e in speech.errs) else "mixed"
    if cell.second:
        whole = got.status == 200 and said(got) == second and (ended or not cell.stream)
        return "" if whole else "no clean answer"
    if ended or said(got):
        return "a false answer"
    told = got.status >= 400 and "error" in json.loads(got.text)
    return "" if told else "no error"


def run(folder: Path) -> Iterator[Figure]:
    with Faulty() as faulty, Installation(folder, "--no-model") as service:
        operator = Operator(service.url, service.api_key)
        virtual = configure(operator, faulty)
        places: dict[str, list[Cell]] = {}
        for cell in cells():
            places.setdefault(cell.place, []).append(cell)

        def visit(place: str) -> list[Got]:
            """One request at a time, so that a permit that leaked is missed soon."""
            return [ask(operator, cell, virtual[place]) for cell in places[place]]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [got for some in pool.map(visit, places) for got in some]
        yield from _judged(answers)
        yield from _recorded(operator, faulty, {got.request_id for got in answers})


def _judged(answers: list[Got]) -> Iterator[Figure]:
    for after in (False, True):
        when = "after" if after else "before"
        some = [got for got in answers if got.cell.after == after]
        found = Counter(filter(None, map(wrong, some)))
        bad = ", ".join(f"{n} x {what}" for what, n in sorted(found.items())) or "none"
        yield equal(f"{len(some)} requests, a fault {when} the commit: wrong", bad, "none")


def _recorded(operator: Operator, faulty: Faulty, wanted: set[str]) -> Iterator[Figure]:
    def records() -> list[dict[str, Any]]:
        lines = operator.api.get("/interactions/export", timeout=60).text.splitlines()
        return [one for one in map(json.loads, lines) if one["id"] in wanted]

    rows = eventually(lambda: found if len(found := records()) >= len(wanted) else None, 20)
    count = Counter(row["id"] for row in rows)
    yield equal(
        "records of them", f"{len(count)}, {max(count.values())} each", f"{len(wanted)}, 1 each"
    )
    attempts = [one for row in rows for one in row["attempts"]]
    leaked = sum(one["code"] == "saturated" for one in attempts)
    yield equal("permits that did not come back", leaked, 0)
    sent = sum(1 for one in attempts if one["code"] not in ("saturated", "circuit_open"))
    yield equal("requests to providers without an entry", sum(faulty.asked.values()) - sent, 0)
