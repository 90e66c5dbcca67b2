"""What the processes of a node know of providers together, and what other nodes hint at.

The breaker is the node's: whoever saw it change last is believed by all. Another node may have
troubles of its own, so its word is a hint: one request finds out, and the others go elsewhere
until it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.routing.breaker import NEW, Breaker
from inference.dispatch.health import HealthBook, Key
from inference.dispatch.local_queues import QueueSeen
from inference.values.health_news import HealthFromAfar, HealthNews, NodeHealth, TargetHealth

TYPICAL: Final = 200
"""Tokens of the answer whose time is compared."""


def target_health(book: HealthBook, key: Key) -> TargetHealth:
    """What this process has to say of a target."""
    breaker = book.breaker(key) or NEW
    speed = book.speeds.of(*key)
    queue = book.queues.seen_at(key)
    return TargetHealth(
        *key,
        breaker.state,
        breaker.until,
        breaker.trips,
        breaker.consecutive,
        breaker.good + breaker.before_good,
        breaker.bad + breaker.before_bad,
        book.changed_at(key),
        0.0 if speed is None else speed.first,
        0.0 if speed is None else speed.token,
        queue.begun,
        queue.waiting,
        queue.oldest,
        queue.places,
        queue.service,
    )


def adopt(book: HealthBook, told: NodeHealth, own: str, now: float) -> None:
    """Takes in what the collector keeps; `own` is the name of this process."""
    others = [one for one in told.processes if one.process != own]
    known = book.others
    known.under_way = _summed(others)
    known.processes, known.afar, known.heard_at = len(others), told.others, now
    queues: dict[Key, QueueSeen] = {}
    times: dict[Key, list[float]] = {}
    for one in (target for process in others for target in process.targets):
        if one.changed > book.changed_at(one.key):
            book.install(one.key, _breaker(one, now), one.changed)
        if one.first:
            times.setdefault(one.key, []).append(one.first + TYPICAL * one.token)
        if one.begun or one.waiting or one.places:
            queues[one.key] = _merged(queues.get(one.key), one)
    known.seconds = {key: sum(seen) / len(seen) for key, seen in times.items()}
    book.queues.hear(queues)
    for hint in told.others:
        _take_hint(book, hint, now)
    for session in told.sessions:
        book.sessions.hear(session)


def _breaker(one: TargetHealth, now: float) -> Breaker:
    return Breaker(
        one.state,
        one.until,
        consecutive=one.consecutive,
        trips=one.trips,
        since=now,
        good=one.good,
        bad=one.bad,
    )


def _summed(others: Iterable[HealthNews]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in others:
        for provider, count in one.under_way.items():
            found[provider] = found.get(provider, 0) + count
    return found


def _merged(before: QueueSeen | None, one: TargetHealth) -> QueueSeen:
    seen = QueueSeen(one.begun, one.waiting, one.oldest, one.places, one.service)
    if before is None:
        return seen
    starts = [start for start in (before.oldest, seen.oldest) if start]
    return QueueSeen(
        before.begun + seen.begun,
        before.waiting + seen.waiting,
        min(starts, default=0.0),
        max(before.places, seen.places),
        before.service or seen.service,
    )


def _take_hint(book: HealthBook, hint: HealthFromAfar, now: float) -> None:
    """An opening elsewhere, once: the next request here is the probe."""
    if hint.state != "open" or hint.until <= now or not book.others.is_news(hint):
        return
    key = hint.provider, hint.model
    breaker = book.breaker(key)
    if breaker is None or breaker.state == "closed":
        book.install(key, Breaker("open", now, trips=1, since=now), now)
