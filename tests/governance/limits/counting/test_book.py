"""Which limits bind whom, and the counters they share or have each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from governance.limits.counting.admission import admit
from governance.limits.counting.binding import LimitIndex, Who, groups_above
from governance.limits.counting.book import LimitBook
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption

NOW = 1_800_000_000.0
WHO = Who("k1", ("team", "customer"), "light", "run-1")


def limit(identity: int, kind: str, subject: str = "", **changes: Any) -> LimitEntry:
    return LimitEntry(identity, f"l{identity}", kind, subject, amount=10.0, **changes)


INDEX = LimitIndex(
    [
        limit(1, "key", "k1"),
        limit(2, "group", "customer"),
        limit(3, "group", "team", each="key"),
        limit(4, "profile", "light", each="session"),
        limit(5, "everything"),
        limit(6, "provider", "fast"),
        limit(7, "everything", model="gpt-*"),
        limit(8, "key", "k2"),
        limit(9, "everything", enabled=False),
        limit(10, "group", "customer", provider="slow"),
    ]
)


def test_what_binds_a_request() -> None:
    assert [one.id for one in INDEX.of_request(WHO)] == [1, 3, 2, 4, 5]
    assert [one.id for one in INDEX.of_request(Who("other"))] == [5]


def test_what_binds_it_where_it_is_sent() -> None:
    assert [one.id for one in INDEX.of_target(WHO, "fast", "m")] == [6]
    assert [one.id for one in INDEX.of_target(WHO, "slow", "GPT-5")] == [10, 7]
    assert [one.id for one in INDEX.of_target(Who("other"), "slow", "m")] == []


def test_groups_above_end_even_in_a_circle() -> None:
    assert groups_above("a", {"a": "b", "b": "c"}.get) == ("a", "b", "c")
    assert groups_above("a", {"a": "b", "b": "a"}.get) == ("a", "b")
    assert groups_above("", {}.get) == ()


def test_who_shares_a_counter() -> None:
    book = LimitBook()
    mine = book.of_request(INDEX, WHO, NOW)
    assert [one.scope for one in mine] == ["", "k1", "", "k1/run-1", ""]
    sister = book.of_request(INDEX, WHO._replace(key="k3", session="run-1"), NOW)
    assert sister[0] is not mine[1], "each key has its own"
    assert sister[1] is mine[2], "the group shares one"
    assert sister[2].scope == "k3/run-1", "a session belongs to its key"
    assert list(book.of_request(INDEX, WHO, NOW)) == list(mine)


def test_another_table_keeps_what_was_counted() -> None:
    book = LimitBook()
    counters = book.of_request(INDEX, WHO, NOW)
    admit(counters, Consumption(1), Consumption(1), NOW)
    raised = LimitIndex([replace(limit(1, "key", "k1"), amount=20.0)])
    (same,) = book.of_request(raised, WHO, NOW)
    assert same is counters[0]
    assert (same.amount, same.held) == (20, 1)
    other = LimitIndex([limit(1, "key", "k1", measure="tokens")])
    (anew,) = book.of_request(other, WHO, NOW)
    assert anew is not same
    assert set(book.counters) == {(1, "")}


def test_leases_lapse() -> None:
    book = LimitBook()
    (one,) = book.of_request(LimitIndex([limit(1, "key", "k1")]), WHO, NOW)
    lease = admit([one], Consumption(1), Consumption(1), NOW, lasts=5.0)
    book.leases[lease] = None
    book.lapse(NOW + 4)
    assert one.held == 1
    book.lapse(NOW + 6)
    assert (one.held, book.leases) == (0, {})


def test_what_the_bound_limits_ask_for_is_known_with_them() -> None:
    strict = replace(limit(1, "key", "k1"), strict=True)
    diverting = replace(limit(2, "key", "k1"), enforcement="divert", warn_at=(80.0,))
    bound = LimitBook().of_request(LimitIndex([strict, diverting]), WHO, NOW)
    assert bound.strict
    assert bound.diverting == bound.warning == bound[1:]
    other = LimitBook().of_request(LimitIndex([diverting]), WHO, NOW)
    assert not other.strict
