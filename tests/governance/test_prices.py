"""Costs: as the price list's own calculation has them, and never invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import Usage as ListUsage
from genai_prices import calc_price

from governance import prices
from governance.catalog import SoldModel, find
from governance.interactions.record import InteractionRecord
from governance.prices import PriceList, Seller, cost, rates_of
from governance.routing.plan import Candidate
from governance.routing.table import ModelPriceEntry, ProviderEntry
from inference.record.lines import read_line
from inference.record.pricing import LISTED, price
from inference.record.record import RequestContext
from inference.values.usage import Usage
from tests.governance.interactions.request_contexts import (
    CAPABLE,
    NOON,
    attempt,
    plan,
    request_context,
)
from tests.support.collecting import line

CLOUDS = {
    "openai": ProviderEntry(
        name="o", kind="openai", base_url="https://api.openai.com/v1", is_local=False
    ),
    "anthropic": ProviderEntry(
        name="a", kind="anthropic", base_url="https://api.anthropic.com/v1", is_local=False
    ),
    "google": ProviderEntry(
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


def answered_by(provider: ProviderEntry, model: str, answered: str = "") -> float | None:
    return priced(
        request_context(
            plan=plan(candidates=(Candidate(provider, model),)),
            attempts=[attempt(provider=provider.name, model=model)],
            model=answered,
        )
    ).cost_usd


def priced(one: RequestContext) -> InteractionRecord:
    """As the collector has it, which reads what the web process wrote."""
    return price(read_line(line(one)))


def test_a_local_answer_costs_nothing() -> None:
    record = priced(request_context())
    assert record.cost_usd == record.attempts[0].cost_usd == 0.0
    assert record.attempts[0].price is None


def test_an_unknown_price_is_unknown() -> None:
    """Neither a model nor an address that the list does not know is guessed at."""
    elsewhere = replace(CAPABLE, base_url="https://llm.example.com/v1")
    assert answered_by(elsewhere, "gpt-4o-mini") is None
    assert answered_by(CAPABLE, "my-own-model") is None


def test_without_usage_there_is_no_cost() -> None:
    assert priced(request_context(usage=None)).cost_usd is None
    assert priced(request_context(attempts=[], plan=None)).cost_usd is None


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
    alone = priced(request_context(attempts=[cloudy])).cost_usd
    record = priced(request_context(attempts=[attempt(outcome="retryable"), wasted, lost, cloudy]))
    costs = [one.cost_usd for one in record.attempts]
    assert costs[:2] == [None, 0.0]
    assert costs[2] == record.attempts[2].price.prompt
    assert costs[3] == alone
    assert record.cost_usd == sum(cost or 0 for cost in costs)


def test_prices_hold_for_half_an_hour() -> None:
    """They are looked up once for it."""
    prices._known.clear()
    LISTED._tariffs.clear()
    cloudy = [attempt(provider="capable", model="gpt-4o-mini")]
    for at in (NOON, NOON + 1, NOON + 1800):
        assert priced(request_context(attempts=cloudy, at=at, model="")).cost_usd
    assert len(prices._known) == 2


def test_only_so_many_prices_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "KNOWN", 3)
    for number in range(10):
        assert answered_by(CAPABLE, f"mine-{number}") is None
    assert len(prices._known) <= 3


@pytest.mark.parametrize(
    ("model", "usage", "key", "size"),
    [
        ("whisper-1", Usage(units={"audio_seconds": 90.0}), "input_audio_hours", 90 / 3600),
        ("tts-1", Usage(units={"characters": 2000}), "input_mchars", 0.002),
        (
            "gpt-image-1.5",
            Usage(0, 4000, units={"image_completion_tokens": 4000, "images": 1}),
            "output_image_mtok",
            0.004,
        ),
        (
            "gpt-4o-transcribe",
            Usage(1000, 0, units={"audio_tokens": 1000}),
            "input_audio_mtok",
            0.001,
        ),
    ],
)
def test_what_is_counted_beside_tokens_has_its_price(
    model: str, usage: Usage, key: str, size: float
) -> None:
    """Tokens of a class of their own cost that class's price and not both."""
    rates = rates_of(Seller("https://api.openai.com/v1", "openai", False), "", model, NOON)
    listed = find(SoldModel("openai", "https://api.openai.com/v1", model))
    assert rates is not None
    assert listed is not None
    listed_price = getattr(listed.get_prices(datetime.fromtimestamp(NOON, UTC)), key)
    assert float(cost(usage, rates)) == pytest.approx(float(listed_price) * size)


HERE = Seller("http://127.0.0.1:9/v1", "openai", is_local=False)
USED = Usage(prompt=1_000_000, completion=1_000_000, cached=500_000, reasoning=400_000)


def own(model: str = "m-1", **changes: Any) -> ModelPriceEntry:
    values = {"provider": "acme", "input": Decimal(2), "output": Decimal(8), **changes}
    return ModelPriceEntry(model=model, **values)


def test_an_operators_own_price_counts_first() -> None:
    listed = PriceList([own(cached_read=Decimal(1), reasoning=Decimal(4), request=Decimal("0.5"))])
    price, cost = listed.cost("ACME", HERE, "m-1", "m-1-2026", USED, 0.0)
    assert cost == 1.0 + 0.5 + 0.6 * 8 + 0.4 * 4 + 0.5
    assert price is not None
    assert (price.reasoning, price.request) == (4, 0.5)
    assert listed.cost("other", HERE, "m-1", "", USED, 0.0) == (None, None), "never $0.00"


@pytest.mark.parametrize(
    ("asked", "at", "prompt"),
    [("m-1", 50.0, 1), ("m-1", 150.0, 2), ("m-2", 150.0, 3), ("other", 0.0, 4)],
)
def test_the_most_exact_name_and_then_the_date(asked: str, at: float, prompt: int) -> None:
    listed = PriceList(
        [
            own("*", provider="", input=Decimal(4)),
            own("m-*", input=Decimal(3)),
            own(valid_from=100.0),
            own(input=Decimal(1)),
        ]
    )
    rates = listed.rates("acme", HERE, asked, "", at)
    assert rates is not None
    assert rates.prompt.base == prompt


def test_local_inference_costs_what_the_operator_says() -> None:
    local = HERE._replace(is_local=True)
    assert PriceList().cost("acme", local, "m-1", "", USED, 0.0) == (None, 0.0)
    assert PriceList([own()]).cost("acme", local, "m-1", "", USED, 0.0)[1] == 10.0
