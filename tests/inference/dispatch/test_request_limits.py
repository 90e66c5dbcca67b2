"""Limits on live requests, through a real port, as both protocols' callers meet them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import anthropic
import httpx
import openai
import pytest

from governance.limits.counting import allotment
from governance.limits.counting.allotment import BUSY
from governance.limits.counting.binding import LimitIndex
from governance.limits.limit import MICRO, LimitEntry
from governance.routing.table import GroupEntry, ModelPriceEntry, RateLimit, RoutingTable
from inference.record import record
from inference.record.describe import describe
from inference.record.lines import line_of, read_line
from inference.record.record import RequestContext
from tests.inference.tables import KEY, chain, provider, virtual_keys
from tests.support.openai_shapes import chunk, completion
from tests.support.serving import Served, served
from tests.support.upstream import Cut, Json, Sse, Upstream

HEADERS = {"Authorization": f"Bearer {KEY}"}
ASK: dict[str, Any] = {
    "model": "light/light",
    "messages": [{"role": "user", "content": "hello " * 8}],
}
USAGE = {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20}
ANSWER = Json({**completion("hi"), "usage": USAGE})
FAILED = Json({"error": {"message": "no", "type": "server_error"}}, status=500)


class Gateway:
    """One gateway for all tests of the module; each gives it limits of its own."""

    def __init__(self, served: Served, table: RoutingTable, upstreams: list[Upstream]) -> None:
        self.served, self.table, self.upstreams = served, table, upstreams

    def limited(self, *limits: LimitEntry, **more: Any) -> None:
        self.current = replace(self.table, limits=LimitIndex(limits), **more)
        self.served.limits.__init__()  # type: ignore[misc]
        for one in self.upstreams:
            one.replies, one._served, one.asked = [ANSWER], 0, []

    def ask(self, path: str = "/v1/chat/completions", **more: Any) -> httpx.Response:
        return httpx.post(f"{self.served.url}{path}", headers=HEADERS, json={**ASK, **more})

    def used(self, identity: int = 1) -> tuple[float, float]:
        """What is used and what is held, once the last request is settled."""
        deadline = time.monotonic() + 3
        counters = [one for key, one in self.served.limits.counters.items() if key[0] == identity]
        while self.served.limits.leases and time.monotonic() < deadline:
            time.sleep(0.005)
        return sum(one.used for one in counters), sum(one.held for one in counters)


@pytest.fixture(scope="module")
def world() -> Iterator[Gateway]:
    with Upstream(ANSWER) as first, Upstream(ANSWER) as second:
        rows = [provider("one", first, is_local=False), provider("two", second, is_local=False)]
        table = chain(*rows)
        virtual = {digest: replace(key, group="team") for digest, key in virtual_keys().items()}
        groups = {"team": GroupEntry("team", "Blue", "top"), "top": GroupEntry("top", "Customer")}
        table = replace(table, virtual_keys=virtual, groups=groups, cloud_enabled=True)
        holder: list[Gateway] = []
        with served(lambda: holder[0].current) as gateway:
            holder.append(Gateway(gateway, table, [first, second]))
            yield holder[0]


def limit(measure: str = "requests", amount: float = 1.0, **changes: Any) -> LimitEntry:
    values = {"subject_type": "key", "subject_id": "key-1", "subject_name": "tests"}
    return LimitEntry(1, "cap", measure=measure, amount=amount, **{**values, **changes})


PRICE = ModelPriceEntry("one", "one-model", Decimal(1000), Decimal(1000))
CHEAP = ModelPriceEntry("two", "two-model", Decimal(1), Decimal(1))


def test_it_works(world: Gateway) -> None:
    world.limited(limit("tokens", 10_000))
    answer = world.ask()
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-limit-tokens"] == "10000"
    assert world.used() == (20, 0)


def test_a_day_that_is_used_up_is_no_passing_thing(world: Gateway) -> None:
    world.limited(limit(window="month"))
    assert world.ask().status_code == 200
    refused = world.ask()
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert 'The limit "cap" of the API key "tests" is reached: 1 of 1 requests' in error["message"]
    assert refused.headers["x-should-retry"] == "false"
    assert "retry-after" not in refused.headers
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert len(world.upstreams[0].asked) == 1


def test_a_minute_passes(world: Gateway) -> None:
    world.limited(limit(window="minute"))
    assert world.ask().status_code == 200
    refused = world.ask()
    assert refused.status_code == 429
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert 55 <= int(refused.headers["retry-after"]) <= 61
    assert refused.headers["x-ratelimit-reset-requests"].startswith(("1m", "59s", "58s", "57s"))


@pytest.mark.parametrize("window", ["minute", "month"])
def test_sdks_raise_what_they_have_for_it(world: Gateway, window: str) -> None:
    world.limited(limit(window=window))
    client = openai.OpenAI(api_key=KEY, base_url=f"{world.served.url}/v1", max_retries=0)
    client.chat.completions.create(**ASK)
    with pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(**ASK)
    assert (raised.value.code == "insufficient_quota") is (window == "month")
    claude = anthropic.Anthropic(api_key=KEY, base_url=world.served.url, max_retries=0)
    with pytest.raises(anthropic.APIStatusError) as told:
        claude.messages.create(**ASK, max_tokens=10)
    if window == "minute":
        assert isinstance(told.value, anthropic.RateLimitError)
        assert int(told.value.response.headers["retry-after"]) >= 55
        assert "anthropic-ratelimit-requests-reset" in told.value.response.headers
    else:
        assert told.value.status_code == 402
        assert told.value.body["error"]["type"] == "billing_error"


def test_groups_above_count_too(world: Gateway) -> None:
    world.limited(
        limit(subject_type="group", subject_id="top", subject_name="Customer", window="day")
    )
    assert world.ask().status_code == 200
    assert 'the group "Customer"' in world.ask().json()["error"]["message"]


def test_money_is_counted_to_the_millionth(world: Gateway) -> None:
    world.limited(limit("cost", 1.0), prices=(PRICE,))
    answer = world.ask()
    assert world.used() == (0.02 * MICRO, 0)
    assert float(answer.headers["x-pointsman-budget-remaining-usd"]) < 1
    world.limited(limit("cost", 0.001), prices=(PRICE,))
    assert world.ask().json()["error"]["code"] == "insufficient_quota"


def test_what_has_no_price_may_be_refused(world: Gateway) -> None:
    world.limited(limit("cost", 1.0, unpriced_mode="refuse"))
    assert "price of this model is not known" in world.ask().json()["error"]["message"]
    world.limited(limit("cost", 1.0, unpriced_mode="refuse"), prices=(CHEAP,))
    assert world.ask().headers["x-pointsman-provider"] == "two", "the one that has a price"


def test_the_cheap_model_after_the_budget(world: Gateway) -> None:
    world.limited(limit("cost", 0.015, enforcement="divert"), prices=(PRICE, CHEAP))
    assert world.ask().headers["x-pointsman-provider"] == "one"
    assert world.used()[0] == 20_000
    assert world.ask().headers["x-pointsman-provider"] == "two"


def test_a_limit_of_a_provider_skips_the_target(world: Gateway) -> None:
    world.limited(limit("requests", 1, subject_type="provider", subject_id="one", window="minute"))
    assert world.ask().headers["x-pointsman-provider"] == "one"
    assert world.ask().headers["x-pointsman-provider"] == "two"


def test_when_every_target_is_skipped_the_limit_answers(world: Gateway) -> None:
    world.limited(limit("requests", 1, subject_type="everything", subject_id="", model="*-model"))
    for _ in range(1):
        assert world.ask().status_code == 200
    refused = world.ask()
    assert refused.status_code == 429
    assert '"cap"' in refused.json()["error"]["message"]


def test_the_thresholds_of_a_target_read_the_limits(world: Gateway) -> None:
    """Of a key's own limit too: beyond half of its budget the second target answers."""
    (profile,) = world.table.profiles.values()
    first, second = profile.targets
    half = replace(first, rate_limit=RateLimit(budget_percent=50.0))
    changed = {profile.id: replace(profile, targets=(half, second))}
    by_name = {profile.virtual_provider.casefold(): changed[profile.id]}
    world.limited(
        limit("cost", 0.035),
        prices=(PRICE, CHEAP),
        profiles=changed,
        by_virtual_provider=by_name,
    )
    assert world.ask(max_tokens=8).headers["x-pointsman-provider"] == "one"
    assert world.used()[0] == 20_000
    assert world.ask(max_tokens=8).headers["x-pointsman-provider"] == "two"


def test_a_session_has_an_amount_of_its_own(world: Gateway) -> None:
    world.limited(limit(window="total", each="session"))
    for session in ("a", "b"):
        headers = {**HEADERS, "x-session-id": session}
        url = f"{world.served.url}/v1/chat/completions"
        answers = [httpx.post(url, headers=headers, json=ASK).status_code for _ in range(2)]
        assert answers == [200, 429]


def test_a_failed_target_costs_nothing_and_the_next_one_counts(world: Gateway) -> None:
    world.limited(limit("tokens", 10_000))
    world.upstreams[0].replies = [FAILED]
    assert world.ask().headers["x-pointsman-provider"] == "two"
    assert world.used() == (20, 0)
    world.upstreams[1].replies = [Cut()]
    assert world.ask().status_code >= 500
    assert world.used() == (20, 0)


def test_a_stream_that_breaks_pays_for_what_was_relayed(world: Gateway) -> None:
    """The provider never told, so it is worked out: the prompt and an event each."""
    world.limited(limit("tokens", 10_000))
    events = [chunk({"content": text}) for text in ("a", "b", "c")]
    world.upstreams[0].replies = [Sse(events, then="cut", pause=0.01)]
    answer = world.ask(stream=True)
    assert "error" in answer.text
    used, held = world.used()
    assert held == 0
    assert 12 <= used <= 20


def test_requests_at_a_time(world: Gateway) -> None:
    world.limited(limit("concurrent", 1))
    world.upstreams[0].replies = [replace(ANSWER, delay=0.5)]
    with openai.OpenAI(api_key=KEY, base_url=f"{world.served.url}/v1", max_retries=0) as client:
        import threading

        first = threading.Thread(target=lambda: client.chat.completions.create(**ASK))
        first.start()
        while not world.served.limits.leases:
            time.sleep(0.005)
        refused = world.ask()
        first.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert world.ask().status_code == 200
    assert world.used() == (0, 0)


def test_a_key_reads_its_own_limits(world: Gateway) -> None:
    everything = replace(limit("tokens", 9), id=2, subject_type="everything", subject_id="")
    world.limited(limit("cost", 1.0, window="day"), everything, prices=(PRICE,))
    document = httpx.get(f"{world.served.url}/v1/key", headers=HEADERS).json()
    (found,) = document["limits"]
    resets = found.pop("resets_at")
    assert resets.endswith("T00:00:00Z")
    assert found == {
        "name": "cap",
        "measure": "cost",
        "window": "day",
        "amount": "1",
        "used": "0",
        "remaining": "1",
    }
    assert document["key"]["id"] == "key-1"
    assert document["key"]["group"] == "Blue"
    assert httpx.get(f"{world.served.url}/v1/key").status_code == 401
    assert httpx.post(f"{world.served.url}/v1/key", headers=HEADERS).status_code == 405


@pytest.mark.parametrize("lasts", [60.0, 0.0])
def test_requests_that_come_fast_are_counted_and_recorded_as_others(
    world: Gateway, monkeypatch: pytest.MonkeyPatch, lasts: float
) -> None:
    """They are admitted and settled by what their key was allotted, which none may be told by;
    those of a key that is never busy are by each of its counters."""
    monkeypatch.setattr(allotment, "LASTS", lasts)
    records: list[RequestContext] = []
    monkeypatch.setattr(record, "_sinks", [records.append])
    limits = [
        replace(limit("tokens", 1e6, window="day"), id=1),
        replace(limit("cost", 100.0), id=2),
        replace(limit("requests", 1e6, window="day"), id=3),
        replace(limit("concurrent", 1e4), id=4),
    ]
    world.limited(*limits, prices=(PRICE,))
    count = 3 * BUSY
    with httpx.Client(headers=HEADERS, base_url=world.served.url) as client:
        told = [client.post("/v1/chat/completions", json=ASK).headers for _ in range(count)]
    world.used()
    counters = {key[0]: one for key, one in world.served.limits.counters.items()}
    assert [one.allotted for one in counters.values()] == [1 if lasts else 0] * 4
    world.served.limits.allotments.fold()
    cost = 20_000  # A thousand dollars for a million tokens.
    expected = {1: 20 * count, 2: cost * count, 3: count, 4: 0}
    assert {place: one.own for place, one in counters.items()} == expected
    assert not any(one.held for one in counters.values())
    added: dict[int, float] = dict.fromkeys(counters, 0.0)
    for context in records:
        (attempt,) = context.attempts
        assert (attempt.cost_usd, attempt.price is None) == (cost / MICRO, False)
        line = read_line(line_of(describe(context), context, "me"))
        for (limit_of, _, _), amount in line.additions():
            added[limit_of] += amount
    assert added == expected, "the ledger will hold what was counted"
    assert [context.number for context in records] == list(range(1, count + 1))
    left = [float(one["x-pointsman-budget-remaining-usd"]) for one in told]
    assert left[-1] < left[0] <= 100 - cost / MICRO
