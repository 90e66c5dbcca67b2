"""Working out again what requests cost, after a price was corrected."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext

from governance import audit
from governance.interactions.ledger import (
    Place,
    TrafficPlace,
    UsageSum,
    by_day,
    micro_usd,
    quarter_hour,
    traffic_place,
)
from governance.interactions.record import AttemptRecord, InteractionRecord
from governance.interactions.rows import record_of
from governance.load_limits import load_prices
from governance.models import (
    Interaction,
    Provider,
    Revision,
    TableVersion,
    TrafficBucket,
    UsageBucket,
    UsageDay,
)
from governance.prices import PriceList, Seller

BATCH: Final = 500

"""Quarter hour, key, group, owner, profile, provider and model of a bucket."""


@dataclass(slots=True)
class Recomputed:
    """What came of it."""

    requests: int = 0
    changed: int = 0
    micro_usd: int = 0
    """By how much the cost is another."""
    dry_run: bool = False

    @property
    def words(self) -> str:
        text = (
            gettext(
                "Of %(requests)s requests the costs of %(changed)s would be others now: "
                "%(sum)s US dollars in all."
            )
            if self.dry_run
            else gettext(
                "Of %(requests)s requests the costs of %(changed)s are others now: "
                "%(sum)s US dollars in all."
            )
        )
        return text % {
            "requests": f"{self.requests:,}",
            "changed": f"{self.changed:,}",
            "sum": f"{self.micro_usd / 1_000_000:+,.6f}",
        }


def recompute_costs(
    begin: datetime,
    end: datetime,
    *,
    who: str,
    provider: str = "",
    model: str = "",
    dry_run: bool = False,
) -> Recomputed:
    """Prices the requests that arrived in that time by the prices of today that held then.

    Rows and ledger change together, a batch a transaction, and one revision says so. What was
    pruned from the log stays as it was.
    """
    prices, sellers = PriceList(load_prices()), _sellers()
    done, after = Recomputed(dry_run=dry_run), 0
    while True:
        rows = Interaction.objects.filter(time__gte=begin, time__lt=end, pk__gt=after)
        if provider:
            rows = rows.filter(provider__iexact=provider)
        if model:
            rows = rows.filter(model=model)
        found = list(rows.order_by("pk")[:BATCH])
        if not found:
            break
        after = found[-1].pk
        with transaction.atomic():
            _recompute(found, prices, sellers, done)
    if not dry_run:
        _note(who, done, _asked(begin, end, provider, model))
    return done


def _recompute(
    rows: list[Interaction],
    prices: PriceList,
    sellers: Mapping[str, Seller],
    done: Recomputed,
) -> None:
    moved: Counter[Place] = Counter()
    unpriced: Counter[Place] = Counter()
    traffic: Counter[TrafficPlace] = Counter()
    unpriced_traffic: Counter[TrafficPlace] = Counter()
    changed = []
    for row in rows:
        record = record_of(row)
        done.requests += 1
        before = [(one.price, one.cost_usd) for one in record.attempts]
        for attempt in record.attempts:
            _price(attempt, record, prices, sellers)
        if before == [(one.price, one.cost_usd) for one in record.attempts]:
            continue
        done.changed += 1
        for attempt, (_, cost) in zip(record.attempts, before, strict=True):
            place = _place(record, attempt)
            passed = traffic_place(record, attempt.provider, attempt.model)
            difference = micro_usd(attempt.cost_usd) - micro_usd(cost)
            less = (attempt.cost_usd is None) - (cost is None) if attempt.usage is not None else 0
            moved[place] += difference
            unpriced[place] += less
            done.micro_usd += difference
            if not record.is_shadow:
                traffic[passed] += difference
                unpriced_traffic[passed] += less
        costs = [one.cost_usd for one in record.attempts if one.cost_usd is not None]
        row.attempts = msgspec.to_builtins(record.attempts)
        row.cost_usd = sum(costs) if costs else None
        changed.append(row)
    if done.dry_run:
        return
    Interaction.objects.bulk_update(changed, ("attempts", "cost_usd"), batch_size=100)
    _book_usage(moved, unpriced)
    _book_traffic(traffic, unpriced_traffic)


def _book_usage(moved: Counter[Place], unpriced: Counter[Place]) -> None:
    used: dict[Place, UsageSum] = {}
    for place in sorted({*moved, *unpriced}):
        _bucket(place).update(
            cost_micro_usd=F("cost_micro_usd") + moved[place],
            unpriced=F("unpriced") + unpriced[place],
        )
        used[place] = UsageSum(cost_micro_usd=moved[place], unpriced=unpriced[place])
    for day, sums in sorted(by_day(used).items()):
        where = day._asdict() | {"start": datetime.fromisoformat(day.start)}
        UsageDay.objects.filter(**where).update(
            cost_micro_usd=F("cost_micro_usd") + sums.counts["cost_micro_usd"],
            unpriced=F("unpriced") + sums.counts["unpriced"],
        )


def _book_traffic(moved: Counter[TrafficPlace], unpriced: Counter[TrafficPlace]) -> None:
    for place in sorted({*moved, *unpriced}):
        where = place._asdict() | {"start": datetime.fromisoformat(place.start)}
        TrafficBucket.objects.filter(**where).update(
            cost_micro_usd=F("cost_micro_usd") + moved[place],
            unpriced=F("unpriced") + unpriced[place],
        )


def _price(
    attempt: AttemptRecord,
    record: InteractionRecord,
    prices: PriceList,
    sellers: Mapping[str, Seller],
) -> None:
    """A provider that is gone keeps the prices it had."""
    seller = sellers.get(attempt.provider.casefold())
    if seller is None or attempt.usage is None or attempt.from_cache:
        return
    at = datetime.fromisoformat(record.time).timestamp()
    answered = record.answered_model if attempt is record.attempts[-1] else ""
    attempt.price, attempt.cost_usd = prices.cost(
        attempt.provider, seller, attempt.model, answered, attempt.usage, at
    )


def _sellers() -> dict[str, Seller]:
    rows = Provider.objects.values_list("name", "base_url", "kind", "is_local")
    return {
        name.casefold(): Seller(base_url, kind, is_local) for name, base_url, kind, is_local in rows
    }


def _place(record: InteractionRecord, attempt: AttemptRecord) -> Place:
    named = (record.key, record.group, record.owner, record.profile)
    key, group, owner, profile = ("" if one is None else one.id for one in named)
    start = quarter_hour(record.time)
    place = key, group, owner, profile, attempt.provider[:100], attempt.model[:300]
    return Place(start, *place, shadow=record.is_shadow)


def _bucket(place: Place) -> Any:
    columns = {**place._asdict(), "start": datetime.fromisoformat(place.start)}
    return UsageBucket.objects.filter(**columns)


def _asked(begin: datetime, end: datetime, provider: str, model: str) -> list[str]:
    """What was to be worked out again, in words."""
    only = [f"provider: {provider}"] if provider else []
    only += [f"model: {model}"] if model else []
    return [f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC", *only]


def _note(who: str, done: Recomputed, asked: list[str]) -> None:
    """Who had the costs worked out again; a revision without a change of the configuration where
    any are others now."""
    with transaction.atomic():
        audit.record([audit.Act("recompute", "price", "", changes=[*asked, done.words])], actor=who)
        if not done.changed:
            return
        row, _ = TableVersion.objects.select_for_update().get_or_create(pk=1)
        row.version, row.mark = row.version + 1, secrets.token_hex(16)
        row.save()
        Revision.objects.create(
            version=row.version,
            mark=row.mark,
            who=who[:200],
            action="recompute",
            summary=done.words,
            changes=[],
        )
