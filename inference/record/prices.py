"""What a request cost, estimated from the list prices that ship with `genai-prices`.

Nothing is fetched: the price list is as new as the installed package.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from governance.kinds import kind_named
from governance.routing.table import Provider
from inference.record.record import RequestContext
from inference.values.usage import Usage

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


Find = Callable[[Priced], Rates | None]

KNOWN: Final = 2048
"""Prices that are kept."""
_known: Final[dict[Priced, Rates | None]] = {}


class NotAtHand(LookupError):
    """The price has yet to be looked up, which takes milliseconds."""


def cost_of(journey: RequestContext) -> float | None:
    """US dollars; 0 for a local provider, None without usage or where no price is known."""
    return _cost(journey, _looked_up)


def cost_at_hand(journey: RequestContext) -> float | None:
    """The same. Raises `NotAtHand` before `cost_of` has met the model and the half hour."""
    try:
        return _cost(journey, _known.__getitem__)
    except KeyError:
        raise NotAtHand from None


def _cost(journey: RequestContext, find: Find) -> float | None:
    usage, plan, attempts = journey.usage, journey.plan, journey.attempts
    if usage is None or plan is None or not attempts:
        return None
    last = attempts[-1]
    for candidate in plan.candidates:
        provider = candidate.provider
        if provider.name == last.provider and candidate.model == last.model:
            if provider.is_local:
                return 0.0
            rates = rates_of(provider, journey.model, last.model, journey.at, find)
            return float(cost(usage, rates)) if rates is not None else None
    return None


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


def load() -> None:
    """Reads the price list, which else happens with the first cost that is asked for."""
    from genai_prices.data_snapshot import get_snapshot

    get_snapshot()


def _looked_up(what: Priced) -> Rates | None:
    try:
        return _known[what]
    except KeyError:
        if len(_known) >= KNOWN:
            # Most of them were for half hours that have passed.
            _known.clear()
        found = _known[what] = _look_up(what)
        return found


def rates_of(
    provider: Provider, answered: str, asked: str, at: float, find: Find = _looked_up
) -> Rates | None:
    """The prices that hold at a Unix time, of the model that answered or else the one asked for."""
    half_hour = int(at // 1800)
    for model in dict.fromkeys((answered, asked)):
        if model:
            rates = find(Priced(provider.base_url, provider.kind, model, half_hour))
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
