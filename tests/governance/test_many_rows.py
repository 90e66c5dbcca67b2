"""Many rows are read as one by one, and keep once what they share."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from governance import frozen, many_rows
from governance.load_limits import load_limits
from governance.many_rows import ManyRows, read
from governance.models import ApiKey, Group, Limit

KEYS = ManyRows(frozen.KEY, own=("id", "name", "owner", "expires_at"))
LIMITS = ManyRows(
    frozen.LIMIT, own=("id", "name", "subject_id"), computed=("extras", "subject_name")
)


def _keys() -> None:
    group = Group.objects.create(name="Blue")
    moment = datetime(2030, 5, 6, 7, 8, 9, 123456, UTC)
    every: tuple[dict[str, Any], ...] = (
        {},
        {"scopes": ["inference", "keys"], "confined_to": ["a", "b"], "group": group},
        {"expires_at": moment, "enabled": False, "group": group},
        {"addresses": ["10.0.0.0/8"], "endpoints": ["/v1/embeddings"], "local_only": True},
        {"owner": "ann", "priority": "low", "local_fallback": "never"},
        {"expires_at": moment, "owner": "Zoë ☂", "addresses": ["::1"]},
    )
    for place, more in enumerate(every):
        ApiKey.objects.create(name=f"k{place}", prefix="pm", digest=bytes([place]) * 32, **more)


def _limits() -> None:
    every: tuple[dict[str, Any], ...] = (
        {},
        {"amount": Decimal("0.1"), "unpriced_rate": Decimal("1.234567")},
        {"amount": Decimal("999999999999.999999"), "warn_at": [50, 80.5]},
        {"amount": Decimal(3), "window": "day", "time_zone": "Europe/Berlin", "strict": True},
        {"subject_type": "key", "subject_id": "k", "each": "session", "weight_cached": 0.1},
        {"provider": "acme", "model": "*-opus-*", "enabled": False},
    )
    for place, more in enumerate(every):
        given: dict[str, Any] = {"measure": "cost", "amount": Decimal(10), **more}
        Limit.objects.create(name=f"l{place}", **given)


def _of_key(row: tuple[Any, ...]) -> Any:
    return row[1 : 1 + KEYS.own], row[1 + KEYS.own :]


@pytest.mark.django_db
def test_a_row_is_what_it_is_by_itself() -> None:
    _keys()
    build = KEYS.builder()
    found = [build(*_of_key(row)) for row in read(ApiKey.objects.order_by("pk"), KEYS.columns)]
    assert found == [frozen.KEY.of(row) for row in ApiKey.objects.order_by("pk")]
    assert [type(one.enabled) for one in found] == [bool] * len(found)
    _limits()
    other, rows = LIMITS.builder(), read(Limit.objects.all(), LIMITS.columns)
    limits = [other(row[1 : 1 + LIMITS.own], row[1 + LIMITS.own :], (), "") for row in rows]
    assert limits == [frozen.LIMIT.of(row) for row in Limit.objects.order_by("pk")]
    assert {type(one.amount) for one in limits} == {float}


@pytest.mark.django_db
def test_what_many_say_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few as it may remember: what is forgotten is read again, and as right."""
    _limits()
    Limit.objects.update(amount=5, window="day", time_zone="Asia/Tokyo", warn_at=[90])
    every = list(load_limits().by_id.values())
    first, *others = [one for one in every if not (one.strict or one.provider or one.each)]
    assert len(others) == 2
    for name in ("amount", "window", "time_zone", "warn_at", "unpriced_mode"):
        assert all(getattr(one, name) is getattr(first, name) for one in others[1:]), name
    monkeypatch.setattr(many_rows, "REMEMBERED", 1)
    assert list(load_limits().by_id.values()) == every
