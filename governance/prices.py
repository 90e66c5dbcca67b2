"""What requests cost, estimated from the list prices that ship with `genai-prices`.

Nothing is fetched: the price list is as new as the installed package. Prices are worked out by the
collector: the list takes half a second to load and 20 MB, which a web process can do without.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from governance.interactions.record import AttemptRecord, InteractionRecord, Price, Usage
from governance.kinds import kind_named
from inference.record.lines import Line, Seller

_MILLION: Final = Decimal(1_000_000)


class Rate(NamedTuple):
    """US dollars for a million tokens, and the same for prompts above certain lengths."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()
    """(tokens of the prompt above which it holds, price), in rising order."""

    def at(self, prompt: int) -> Decimal:
        price = self.base
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


class Priced(NamedTuple):
    """What has a price: prices change at dates and, with some, at half hours of the day."""

    base_url: str
    kind: str
    model: str
    half_hour: int
    """Since 1970."""


KNOWN: Final = 2048
"""Prices that are kept."""
_known: Final[dict[Priced, Rates | None]] = {}


def price(line: Line) -> InteractionRecord:
    """The record of a line with what each attempt cost, and all of them together.

    0 for local inference; None without usage, or where no price is known.
    """
    record = line.record
    if not any(line.sellers):
        return record
    at = datetime.fromisoformat(record.time).timestamp()
    for attempt, seller in zip(record.attempts, line.sellers, strict=False):
        if seller is not None and attempt.usage is not None:
            answered = record.answered_model if attempt is record.attempts[-1] else ""
            _price(attempt, attempt.usage, seller, answered, at)
    costs = [one.cost_usd for one in record.attempts if one.cost_usd is not None]
    return msgspec.structs.replace(record, cost_usd=sum(costs)) if costs else record


def _price(attempt: AttemptRecord, usage: Usage, seller: Seller, answered: str, at: float) -> None:
    if seller.is_local:
        attempt.cost_usd = 0.0
        return
    rates = rates_of(seller, answered, attempt.model, at)
    if rates is not None:
        prompt = usage.prompt
        attempt.price = Price(*(float(rate.at(prompt)) for rate in rates))
        attempt.cost_usd = float(cost(usage, rates))


def cost(usage: Usage, rates: Rates) -> Decimal:
    """The parts of the prompt that were read from or written to a cache have their own prices."""
    prompt = usage.prompt
    plain = max(0, prompt - usage.cached - usage.cache_written)
    return (
        plain * rates.prompt.at(prompt)
        + usage.cached * rates.cached.at(prompt)
        + usage.cache_written * rates.cache_written.at(prompt)
        + usage.completion * rates.completion.at(prompt)
    ) / _MILLION


def _looked_up(what: Priced) -> Rates | None:
    try:
        return _known[what]
    except KeyError:
        if len(_known) >= KNOWN:
            # Most of them were for half hours that have passed.
            _known.clear()
        found = _known[what] = _look_up(what)
        return found


def rates_of(seller: Seller, answered: str, asked: str, at: float) -> Rates | None:
    """The prices that hold at a Unix time, of the model that answered or else the one asked for."""
    half_hour = int(at // 1800)
    for model in dict.fromkeys((answered, asked)):
        if model:
            rates = _looked_up(Priced(seller.base_url, seller.kind, model, half_hour))
            if rates is not None:
                return rates
    return None


def _look_up(what: Priced) -> Rates | None:
    # Loading the list takes half a second, so it is not done before it is needed.
    from genai_prices.data_snapshot import get_snapshot

    known = get_snapshot()
    try:
        try:
            seller = known.find_provider(None, None, what.base_url)
        except LookupError:
            kind = kind_named(what.kind)
            if kind is None or not kind.price_seller:
                return None
            seller = known.find_provider(None, kind.price_seller, None)
        _, found = known.find_provider_model(what.model, seller, None, None)
    except LookupError:
        return None
    listed = found.get_prices(datetime.fromtimestamp(what.half_hour * 1800, UTC))
    prompt, completion = _rate(listed.input_mtok), _rate(listed.output_mtok)
    if prompt is None:
        return None
    return Rates(
        prompt,
        completion or Rate(Decimal(0)),
        _rate(listed.cache_read_mtok) or prompt,
        _rate(listed.cache_write_mtok) or prompt,
    )


def _rate(price: Any) -> Rate | None:
    """A price of the list: a number, or a base with tiers."""
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(price)
    return Rate(price.base, tuple(sorted((tier.start, tier.price) for tier in price.tiers)))
