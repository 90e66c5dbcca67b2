"""What a limit would have refused: by the counting that refuses live."""

from __future__ import annotations

from typing import Any

from governance.limits.counting.binding import Who
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption
from governance.what_if.limit_replay import LimitReplay, PastAttempt, PastUse, replay_limit

NOON = 1_796_040_000.0


def use(at: float, key: str = "k", *, seconds: float = 1.0, **used: Any) -> PastUse:
    values = {"prompt_tokens": 10, "completion_tokens": 20, "cost": 1.0, **used}
    attempt = PastAttempt("acme", "m-1", Consumption(**values))
    return PastUse(NOON + at, NOON + at + seconds, Who(key, ("g",)), (attempt,))


def replayed(uses: list[PastUse], used: float = 0.0, **limit: Any) -> LimitReplay:
    values = {"measure": "requests", "amount": 2.0, "window": "minute", **limit}
    return replay_limit(LimitEntry(1, "l", **values), uses, lambda window, scope: used)


def test_it_works() -> None:
    found = replayed([use(at) for at in (0, 10, 20, 61.5, 65, 72.5)])
    assert (found.requests, found.bound, found.refused) == (6, 6, 2)
    assert found.first_at == NOON + 20
    assert found.keys == {"k": 2}


def test_each_key_has_the_amount() -> None:
    uses = [use(place, key) for place, key in enumerate("aabba")]
    assert replayed(uses, each="key").keys == {"a": 1}
    assert replayed(uses, subject_type="key", subject_id="b").bound == 2
    assert replayed(uses, subject_type="group", subject_id="g").refused == 3
    assert replayed(uses, subject_type="group", subject_id="other").bound == 0


def test_what_was_used_before_counts() -> None:
    uses = [use(at, cost=1.0) for at in range(3)]
    cost = {"measure": "cost", "amount": 5.0, "window": "month"}
    assert replayed(uses, **cost).refused == 0
    assert replayed(uses, used=3_500_000.0, **cost).refused == 1


def test_requests_at_a_time() -> None:
    uses = [use(at, seconds=10) for at in (0, 1, 2, 12, 13)]
    assert replayed(uses, measure="concurrent", window="total").refused == 1


def test_of_targets_attempts_are_counted() -> None:
    uses = [use(at) for at in range(3)]
    assert replayed(uses, model="m-*").refused == 1
    assert replayed(uses, provider="other").bound == 0
    assert replayed(uses, subject_type="provider", subject_id="acme").refused == 1


def test_one_that_only_warns_goes_on_counting() -> None:
    assert replayed([use(at) for at in range(5)], enforcement="warn").refused == 3


def test_no_known_price() -> None:
    cost = {"measure": "cost", "amount": 50.0, "window": "day", "unpriced_mode": "refuse"}
    assert replayed([use(0, cost=None), use(1)], **cost).refused == 1
