"""Costs: as the price list's own calculation has them, and never invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from genai_prices import Usage as ListUsage
from genai_prices import calc_price

from governance.routing.plan import Candidate
from governance.routing.table import Provider
from inference.record import prices
from inference.record.prices import NotAtHand, cost, cost_at_hand, cost_of, rates_of
from inference.values.usage import Usage
from tests.interactions.journeys import CAPABLE, NOON, attempt, journey, plan

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
    rates = rates_of(CLOUDS[cloud], "", model, NOON)
    assert rates is not None
    assert cost(usage, rates) == expected.total_price


def answered_by(provider: Provider, model: str, answered: str = "") -> float | None:
    return cost_of(
        journey(
            plan=plan(candidates=(Candidate(provider, model),)),
            attempts=[attempt(provider=provider.name, model=model)],
            model=answered,
        )
    )


def test_a_local_answer_costs_nothing() -> None:
    assert cost_of(journey()) == 0.0


def test_an_unknown_price_is_unknown() -> None:
    """Neither a model nor an address that the list does not know is guessed at."""
    elsewhere = replace(CAPABLE, base_url="https://llm.example.com/v1")
    assert answered_by(elsewhere, "gpt-4o-mini") is None
    assert answered_by(CAPABLE, "my-own-model") is None


def test_without_usage_there_is_no_cost() -> None:
    assert cost_of(journey(usage=None)) is None


def test_the_model_that_answered_counts_before_the_one_asked_for() -> None:
    dear, cheap = answered_by(CAPABLE, "gpt-4o"), answered_by(CAPABLE, "gpt-4o-mini")
    assert answered_by(CAPABLE, "gpt-4o", answered="gpt-4o-mini-2024-07-18") == cheap
    assert answered_by(CAPABLE, "gpt-4o", answered="who-knows") == dear
    assert cheap is not None
    assert dear is not None
    assert cheap < dear


def test_the_one_who_answered_is_priced() -> None:
    """After a fallback the cost is that of the last attempt."""
    cloudy = attempt(provider="capable", model="gpt-4o-mini")
    cost_of_fallback = cost_of(journey(attempts=[attempt(outcome="retryable"), cloudy]))
    assert cost_of_fallback is not None
    assert cost_of_fallback > 0


def test_a_price_is_at_hand_once_it_was_asked_for() -> None:
    """Until the half hour ends; without a price to ask for there is nothing to wait for."""
    prices._known.clear()
    cloudy = [attempt(provider="capable", model="gpt-4o-mini")]
    with pytest.raises(NotAtHand):
        cost_at_hand(journey(attempts=cloudy))
    expected = cost_of(journey(attempts=cloudy))
    assert cost_at_hand(journey(attempts=cloudy)) == expected
    with pytest.raises(NotAtHand):
        cost_at_hand(journey(attempts=cloudy, at=NOON + 1800))
    assert cost_at_hand(journey()) == 0.0
    assert cost_at_hand(journey(usage=None)) is None


def test_only_so_many_prices_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "KNOWN", 3)
    for number in range(10):
        assert answered_by(CAPABLE, f"mine-{number}") is None
    assert len(prices._known) <= 3
