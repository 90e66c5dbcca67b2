"""Limits and groups of a benchmark's keys, none of which is ever reached."""

from __future__ import annotations

from typing import Any, Final

from governance.models import ApiKey, Group, Limit, ModelPrice

MEASURES: Final = (("requests", "minute"), ("tokens", "day"), ("cost", "month"))
GROUPS: Final = 1_000
PLENTY: Final = 1_000_000_000


def bind() -> None:
    """Twelve limits on the first key: its own, its group's, that one's parent's, its profile's."""
    from django.utils import timezone

    customer = Group.objects.create(name="customer")
    team = Group.objects.create(name="team", parent=customer)
    key = ApiKey.objects.get(name="benchmark 0")
    ApiKey.objects.filter(pk=key.pk).update(group=team)
    ModelPrice.objects.create(
        provider="mock", model="mock-model", input=1, output=2, valid_from=timezone.now()
    )
    places = [("key", key.pk), ("group", team.pk), ("group", customer.pk), ("profile", "v-plain")]
    Limit.objects.bulk_create(
        _limit(f"{kind} {measure}", kind, identity, measure=measure, window=window)
        for kind, identity in places
        for measure, window in MEASURES
    )
    _publish()


def limit_each(keys: int) -> None:
    """A limit for each key, and groups among which the keys are divided."""
    groups = Group.objects.bulk_create(Group(name=f"group {one}") for one in range(GROUPS))
    names = ApiKey.objects.filter(name__startswith="benchmark ").values_list("pk", "name")
    rows = list(names.order_by("pk")[:keys])
    share = -(-len(rows) // GROUPS)
    for place, group in enumerate(groups):
        mine = [identity for identity, _ in rows[place * share : (place + 1) * share]]
        ApiKey.objects.filter(pk__in=mine).update(group=group)
    Limit.objects.bulk_create(
        (_limit(name, "key", key, measure="tokens", window="day") for key, name in rows),
        batch_size=1000,
    )
    _publish()


def _limit(name: str, kind: str, identity: str, **more: Any) -> Limit:
    return Limit(name=name, subject_type=kind, subject_id=identity, amount=PLENTY, **more)


def _publish() -> None:
    """As a change that an operator saves: web processes look for another version."""
    from django.db.models import F

    from governance.models import TableVersion

    TableVersion.objects.update(limits=F("limits") + 1)
