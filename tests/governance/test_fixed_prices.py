"""Whole numbers cost what decimal ones do, to the last bit; prices change at their dates."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.interactions.record import Usage
from governance.prices import PriceList, Rate, Rates, Seller, cost, fixed_prices_of
from governance.routing.table import ModelPriceEntry

PRICE = st.decimals(0, 1000, places=8)
TOKENS = st.integers(0, 3_000_000)
SELLER = Seller("https://nowhere.test/v1", "openai", is_local=False)


@settings(max_examples=200)
@given(
    st.tuples(PRICE, PRICE, PRICE, PRICE),
    st.one_of(st.none(), PRICE),
    st.decimals(0, 5, places=6),
    st.tuples(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS),
)
def test_they_are_the_same(
    prices: tuple[Decimal, ...],
    reasoning: Decimal | None,
    request: Decimal,
    tokens: tuple[int, ...],
) -> None:
    thought = None if reasoning is None else Rate(reasoning)
    prompt, completion, cached, written = (Rate(one) for one in prices)
    rates = Rates(prompt, completion, cached, written, thought, request)
    fixed = fixed_prices_of(rates)
    assert fixed is not None
    usage = Usage(*tokens)
    assert fixed.cost(usage) == float(cost(usage, rates))
    plain = Usage(usage.prompt, usage.completion)
    assert fixed.cost(plain) == float(cost(plain, rates))


def test_prices_that_rise_with_the_prompt_are_not_fixed() -> None:
    rates = Rates(*[Rate(Decimal(1), ((1000, Decimal(2)),))] * 4)
    assert fixed_prices_of(rates) is None


def test_a_price_holds_from_its_moment_on() -> None:
    def entry(price: int, since: float) -> ModelPriceEntry:
        return ModelPriceEntry("", "m", input=Decimal(price), output=Decimal(0), valid_from=since)

    prices = PriceList([entry(1, 0.0), entry(2, 1_000_000.5)])
    told = []
    for at in (1_000_000.0, 1_000_000.4, 1_000_000.5, 1_000_001.0, 1_000_000.0, 1_001_800.0):
        told.append(prices.cost("p", SELLER, "m", "other", Usage(1_000_000), at)[1])
    assert told == [1, 1, 2, 2, 1, 2]
