"""Costs: as the price list's own calculation has them, and never invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from genai_prices import Usage as ListUsage
from genai_prices import calc_price

from governance.interactions.record import InteractionRecord
from governance.routing.plan import Candidate
from governance.routing.table import Provider
from inference.record import prices
from inference.record.lines import Seller, read_line
from inference.record.prices import cost, price, rates_of
from inference.record.record import RequestContext
from inference.values.usage import Usage
from tests.interactions.journeys import CAPABLE, NOON, attempt, journey, plan
from tests.support.collecting import line

CLOUDS = {
    "openai": Provider(
        name="o", kind="openai", base_url="https://api.openai.com/v1", is_local=False
    ),
    "anthropic": Provider(
        name="a", kind="anthropic", base_url="https://api.anthropic.com/v1", is_local=False
    ),
    "google": Provider(
        name="g",
        kind="openai",
        base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        is_local=False,
    ),
}


@pytest.mark.parametrize("prompt", [1000, 250_000], ids=["short", "long"])
@pytest.mark.parametrize(
    ("cloud", "model"),
    [
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-4o"),
        ("openai", "o3"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-3-5-haiku-latest"),
        ("google", "gemini-2.5-pro"),
        ("google", "gemini-2.5-flash"),
    ],
)
def test_as_the_list_calculates(cloud: str, model: str, prompt: int) -> None:
    """Ours is a hundred times as fast and gives the same dollars, tiers and caches included."""
    usage = Usage(prompt=prompt, completion=345, cached=200, cache_written=100)
    expected = calc_price(
        ListUsage(
            input_tokens=prompt, output_tokens=345, cache_read_tokens=200, cache_write_tokens=100
        ),
        model,
        provider_id=cloud,
        genai_request_timestamp=datetime.fromtimestamp(NOON // 1800 * 1800, UTC),
    )
    provider = CLOUDS[cloud]
    seller = Seller(provider.base_url, provider.kind, provider.is_local)
    rates = rates_of(seller, "", model, NOON)
    assert rates is not None
    assert cost(usage, rates) == expected.total_price


def answered_by(provider: Provider, model: str, answered: str = "") -> float | None:
    return priced(
        journey(
            plan=plan(candidates=(Candidate(provider, model),)),
            attempts=[attempt(provider=provider.name, model=model)],
            model=answered,
        )
    ).cost_usd


def priced(one: RequestContext) -> InteractionRecord:
    """As the collector has it, which reads what the web process wrote."""
    return price(read_line(line(one)))


def test_a_local_answer_costs_nothing() -> None:
    record = priced(journey())
    assert record.cost_usd == record.attempts[0].cost_usd == 0.0
    assert record.attempts[0].price is None


def test_an_unknown_price_is_unknown() -> None:
    """Neither a model nor an address that the list does not know is guessed at."""
    elsewhere = replace(CAPABLE, base_url="https://llm.example.com/v1")
    assert answered_by(elsewhere, "gpt-4o-mini") is None
    assert answered_by(CAPABLE, "my-own-model") is None


def test_without_usage_there_is_no_cost() -> None:
    assert priced(journey(usage=None)).cost_usd is None
    assert priced(journey(attempts=[], plan=None)).cost_usd is None


def test_the_model_that_answered_counts_before_the_one_asked_for() -> None:
    dear, cheap = answered_by(CAPABLE, "gpt-4o"), answered_by(CAPABLE, "gpt-4o-mini")
    assert answered_by(CAPABLE, "gpt-4o", answered="gpt-4o-mini-2024-07-18") == cheap
    assert answered_by(CAPABLE, "gpt-4o", answered="who-knows") == dear
    assert cheap is not None
    assert dear is not None
    assert cheap < dear


def test_each_attempt_is_priced_on_its_own_target() -> None:
    """What a failed one used costs too; the record keeps the prices it was reckoned with."""
    wasted = attempt(outcome="retryable", code="stream_died", usage=Usage(prompt=1_000_000))
    lost = attempt(
        provider="capable", model="gpt-4o-mini", outcome="retryable", usage=Usage(prompt=1_000_000)
    )
    cloudy = attempt(provider="capable", model="gpt-4o-mini")
    alone = priced(journey(attempts=[cloudy])).cost_usd
    record = priced(journey(attempts=[attempt(outcome="retryable"), wasted, lost, cloudy]))
    costs = [one.cost_usd for one in record.attempts]
    assert costs[:2] == [None, 0.0]
    assert costs[2] == record.attempts[2].price.prompt
    assert costs[3] == alone
    assert record.cost_usd == sum(cost or 0 for cost in costs)


def test_prices_hold_for_half_an_hour() -> None:
    """They are looked up once for it."""
    prices._known.clear()
    cloudy = [attempt(provider="capable", model="gpt-4o-mini")]
    for at in (NOON, NOON + 1, NOON + 1800):
        assert priced(journey(attempts=cloudy, at=at, model="")).cost_usd
    assert len(prices._known) == 2


def test_only_so_many_prices_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "KNOWN", 3)
    for number in range(10):
        assert answered_by(CAPABLE, f"mine-{number}") is None
    assert len(prices._known) <= 3
