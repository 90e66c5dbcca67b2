"""What requests cost: by what operators say, or else by the public price list of `genai-prices`.

Nothing is fetched: the list is as new as the installed package. It takes half a second to load and
20 MB, so it is loaded when the first price is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from governance.catalog import SoldModel, find
from governance.fixed_prices import FixedPrices
from governance.interactions.record import REQUESTS, AppliedPrice, Usage
from governance.routing.table import (
    ExpectedCost,
    ModelPriceEntry,
    ProviderEntry,
    RoutingTable,
)

_MILLION: Final = Decimal(1_000_000)
_NOTHING: Final = Decimal(0)
_ONE: Final = Decimal(1)
BATCHED: Final = Decimal("0.5")
"""Of the list price. Sources: OpenAI's and Anthropic's pages on their batches."""
_UNITS: Final = (
    ("audio_seconds", ("input_audio_hours", "audio_hours"), Decimal(3600)),
    ("characters", ("input_mchars",), _MILLION),
)
"""What the list prices beside tokens: its names for it, and how many of ours are one of its."""
_CLASSES: Final = (
    ("audio_tokens", "input_audio_mtok", "input_mtok"),
    ("image_tokens", "input_image_mtok", "input_mtok"),
    ("image_completion_tokens", "output_image_mtok", "output_mtok"),
)
"""Tokens with a price of their own, and the price of those among which they are counted."""


class Seller(NamedTuple):
    """What list prices depend on beside the model, as it was when the attempt was made."""

    base_url: str
    kind: str
    is_local: bool


class Rate(NamedTuple):
    """US dollars for a million tokens, and the same for prompts above certain lengths."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()
    """(tokens of the prompt above which it holds, price), in rising order."""

    def at(self, prompt: int) -> Decimal:
        price = self.base
        if not self.tiers:
            return price
        for start, higher in self.tiers:
            if prompt > start:
                price = higher
        return price


class Rates(NamedTuple):
    """Prices of one model."""

    prompt: Rate
    completion: Rate
    cached: Rate
    cache_written: Rate
    reasoning: Rate | None = None
    """None: as other tokens of the answer."""
    request: Decimal = _NOTHING
    """US dollars for each request."""
    units: tuple[tuple[str, Decimal], ...] = ()
    """US dollars for one of what is counted beside tokens. For tokens of a class of their own it is
    what they cost beyond the others, among which they are counted."""
    tokens: bool = True
    """Tokens have a price."""


class Tariff(NamedTuple):
    """What a model costs from one moment until another, Unix times."""

    since: float
    until: float
    rates: Rates | None
    """None where no price is known."""
    fixed: FixedPrices | None
    """The same for what uses tokens alone, where their prices depend on nothing."""


HALF_HOUR: Final = 1800


class Priced(NamedTuple):
    """What has a list price: prices change at dates and, with some, at half hours of the day."""

    base_url: str
    kind: str
    model: str
    half_hour: int
    """Since 1970."""


KNOWN: Final = 2048
"""Prices that are kept."""
_known: Final[dict[Priced, Rates | None]] = {}


class PriceList:
    """Operators' own prices before the public ones."""

    def __init__(self, own: Iterable[ModelPriceEntry] = ()) -> None:
        self._own = sorted(own, key=_place, reverse=True)
        self._found: dict[tuple[str, str], list[tuple[float, Rates]]] = {}
        self._tariffs: dict[tuple[str, Seller, str, str], Tariff] = {}

    def rates(
        self, provider: str, seller: Seller, asked: str, answered: str, at: float
    ) -> Rates | None:
        """The prices that hold at a Unix time; None where none are known.

        An operator's own are of the model that was asked for, the public ones of the one that
        answered where its name is known there.
        """
        for model in dict.fromkeys((asked, answered)):
            for since, rates in self._of(provider.casefold(), model.casefold()):
                if since <= at:
                    return rates
        return None if seller.is_local else rates_of(seller, answered, asked, at)

    def cost(
        self,
        provider: str,
        seller: Seller,
        asked: str,
        answered: str,
        usage: Usage,
        at: float,
    ) -> tuple[AppliedPrice | None, float | None]:
        """The price that is applied, and the cost in US dollars.

        Local inference costs 0 unless an operator says otherwise; None where no price is known.
        """
        _, _, rates, fixed = self.tariff(provider, seller, asked, answered, at)
        if rates is None or not (rates.tokens or usage.units):
            return None, 0.0 if seller.is_local else None
        if fixed is not None and not usage.units:
            return fixed.applied, fixed.cost(usage)
        return applied(rates, one_prompt(usage), share(usage)), float(cost(usage, rates))

    def tariff(self, provider: str, seller: Seller, asked: str, answered: str, at: float) -> Tariff:
        """The prices as `rates` gives them; the one that was asked for last is kept."""
        what = provider, seller, asked, answered
        found = self._tariffs.get(what)
        if found is None or not found.since <= at < found.until:
            if len(self._tariffs) >= KNOWN:
                self._tariffs.clear()
            rates = self.rates(*what, at)
            since = at // HALF_HOUR * HALF_HOUR
            until = since + HALF_HOUR
            for model in (asked, answered):
                for edge, _ in self._of(provider.casefold(), model.casefold()):
                    since, until = (
                        (max(since, edge), until) if edge <= at else (since, min(until, edge))
                    )
            found = self._tariffs[what] = Tariff(since, until, rates, fixed_prices_of(rates))
        return found

    def _of(self, provider: str, model: str) -> list[tuple[float, Rates]]:
        """An operator's own prices, the latest first: those of the most exact name alone."""
        if not self._own:
            return []
        found = self._found.get((provider, model))
        if found is None:
            if len(self._found) >= KNOWN:
                self._found.clear()
            fits = [one for one in self._own if _fits(one, provider, model)]
            exact = [one for one in fits if _place(one)[:3] == _place(fits[0])[:3]]
            found = [(one.valid_from, own_rates(one)) for one in exact]
            self._found[provider, model] = found
        return found


def price_list_of(table: RoutingTable) -> PriceList:
    """The prices of a table, which end with it."""
    found: PriceList | None = table.memo.get("price list")
    if found is None:
        found = PriceList(table.prices)
        table.memo.put("price list", found)
    return found


def expected_cost(own: Iterable[ModelPriceEntry]) -> ExpectedCost:
    """By the prices of the moment at which it is asked; 0 for local inference unless an operator
    says otherwise, None where no price is known."""
    prices = PriceList(own)

    def expected(provider: ProviderEntry, model: str, prompt: float, answer: float) -> float | None:
        seller = seller_of(provider)
        rates = prices.rates(provider.name, seller, model, "", time.time())
        if rates is None or not rates.tokens:
            return 0.0 if provider.is_local else None
        return float(cost(Usage(int(prompt), round(answer)), rates))

    return expected


def seller_of(provider: ProviderEntry) -> Seller:
    return Seller(provider.base_url, provider.kind, provider.is_local)


def preload() -> None:
    """Loads the public list, so that no request waits for it."""
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()


def one_prompt(usage: Usage) -> int:
    """Tokens of one request's prompt, by which prices rise; of a batch's, the average."""
    if not usage.units:
        return usage.prompt
    return int(usage.prompt / (usage.units.get(REQUESTS) or 1))


def share(usage: Usage) -> Decimal:
    """Of the price that is asked for one request at a time."""
    return BATCHED if (usage.units or {}).get(REQUESTS) else _ONE


def applied(rates: Rates, prompt: int, part: Decimal = _ONE) -> AppliedPrice:
    """What the record keeps: this part of the prices for a prompt of this length."""
    reasoning = rates.reasoning or rates.completion
    return AppliedPrice(
        prompt=float(rates.prompt.at(prompt) * part),
        completion=float(rates.completion.at(prompt) * part),
        cached=float(rates.cached.at(prompt) * part),
        cache_written=float(rates.cache_written.at(prompt) * part),
        reasoning=float(reasoning.at(prompt) * part),
        request=float(rates.request * part),
    )


def fixed_prices_of(rates: Rates | None) -> FixedPrices | None:
    """None where they depend on the length of the prompt."""
    if rates is None:
        return None
    reasoning = rates.reasoning or rates.completion
    tokens = (rates.prompt, rates.completion, rates.cached, rates.cache_written, reasoning)
    if any(one.tiers for one in tokens):
        return None
    prompt, completion, cached, written, thought = (one.base for one in tokens)
    return FixedPrices(
        applied(rates, 0), (prompt, completion, cached, written, thought), rates.request
    )


def cost(usage: Usage, rates: Rates) -> Decimal:
    """The parts of the prompt that were read from or written to a cache have their own prices."""
    prompt = one_prompt(usage)
    plain = max(0, usage.prompt - usage.cached - usage.cache_written)
    thought = min(usage.reasoning, usage.completion) if rates.reasoning else 0
    tokens = plain * rates.prompt.at(prompt)
    if usage.completion != thought:
        tokens += (usage.completion - thought) * rates.completion.at(prompt)
    if usage.cached:
        tokens += usage.cached * rates.cached.at(prompt)
    if usage.cache_written:
        tokens += usage.cache_written * rates.cache_written.at(prompt)
    if thought and rates.reasoning:
        tokens += thought * rates.reasoning.at(prompt)
    tokens /= _MILLION
    if not usage.units:
        return tokens + rates.request if rates.request else tokens
    counted = usage.units
    beside = (Decimal(str(counted.get(name, 0))) * price for name, price in rates.units)
    requests = Decimal(str(counted.get(REQUESTS) or 1))
    return (tokens + sum(beside, rates.request * requests)) * share(usage)


def own_rates(one: ModelPriceEntry) -> Rates:
    """An operator's own price; what it leaves out is as the rest of the prompt or answer."""
    return Rates(
        Rate(one.input),
        Rate(one.output),
        Rate(one.input if one.cached_read is None else one.cached_read),
        Rate(one.input if one.cached_write is None else one.cached_write),
        None if one.reasoning is None else Rate(one.reasoning),
        one.request or _NOTHING,
    )


def _place(one: ModelPriceEntry) -> tuple[bool, bool, int, float]:
    """Sorts by how exactly the names say what is meant, then by date."""
    return bool(one.provider), "*" not in one.model, len(one.model), one.valid_from


def _fits(one: ModelPriceEntry, provider: str, model: str) -> bool:
    if one.provider and one.provider.casefold() != provider:
        return False
    return fnmatchcase(model, one.model.casefold())


def rates_of(seller: Seller, answered: str, asked: str, at: float) -> Rates | None:
    """The list prices that hold at a Unix time, of the model that answered or else the one asked
    for."""
    half_hour = int(at // HALF_HOUR)
    for model in dict.fromkeys((answered, asked)):
        if model:
            rates = _looked_up(Priced(seller.base_url, seller.kind, model, half_hour))
            if rates is not None:
                return rates
    return None


def _looked_up(what: Priced) -> Rates | None:
    try:
        return _known[what]
    except KeyError:
        if len(_known) >= KNOWN:
            # Most of them were for half hours that have passed.
            _known.clear()
        found = _known[what] = _look_up(what)
        return found


def _look_up(what: Priced) -> Rates | None:
    found = find(SoldModel(what.kind, what.base_url, what.model))
    if found is None:
        return None
    listed = found.get_prices(datetime.fromtimestamp(what.half_hour * HALF_HOUR, UTC))
    prompt, completion = _rate(listed.input_mtok), _rate(listed.output_mtok)
    units = tuple(_units(listed))
    if prompt is None and not units:
        return None
    priced = prompt is not None
    prompt = prompt or Rate(_NOTHING)
    return Rates(
        prompt,
        completion or Rate(_NOTHING),
        _rate(listed.cache_read_mtok) or prompt,
        _rate(listed.cache_write_mtok) or prompt,
        units=units,
        tokens=priced,
    )


def _units(listed: Any) -> Iterator[tuple[str, Decimal]]:
    """The price of one of each that is counted beside tokens."""
    for name, keys, size in _UNITS:
        rates = filter(None, (_rate(getattr(listed, key)) for key in keys))
        if (rate := next(rates, None)) is not None:
            yield name, rate.base / size
    for name, key, among in _CLASSES:
        own, others = _rate(getattr(listed, key)), _rate(getattr(listed, among))
        if own is not None:
            yield name, (own.base - (others.base if others else _NOTHING)) / _MILLION


def _rate(price: Any) -> Rate | None:
    """A price of the list: a number, or a base with tiers."""
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(price)
    return Rate(price.base, tuple(sorted((tier.start, tier.price) for tier in price.tiers)))
