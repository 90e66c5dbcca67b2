"""The last use of API keys: kept up to the minute by the collector."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from governance import services
from governance.interactions.key_uses import KeyUses, note_uses
from governance.models import ApiKey, TableVersion
from governance.routing.table import ANONYMOUS, VirtualKey
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import NOON, request_context


@pytest.fixture
def key(db: None) -> str:
    saved, _ = services.create_key({"name": "ci", "scopes": ["inference"]}, who="test")
    return str(saved.document["id"])


def use(key: str, at: float = NOON) -> KeyUses:
    uses = KeyUses()
    uses.saw(
        [
            describe(
                request_context(
                    at=at, virtual_key=VirtualKey(id=key, name="ci", scopes=frozenset())
                )
            )
        ]
    )
    return uses


def last_use(key: str) -> datetime | None:
    return ApiKey.objects.get(pk=key).last_used_at


def test_it_works(key: str) -> None:
    """The latest use counts, in whatever order records come; the table is not compiled anew."""
    version = TableVersion.objects.get().version
    uses = KeyUses()
    virtual_key = VirtualKey(id=key, name="ci", scopes=frozenset())
    uses.saw(
        describe(request_context(at=NOON + after, virtual_key=virtual_key)) for after in (0, 60, 30)
    )
    uses.saw(
        [
            describe(request_context(virtual_key=None)),
            describe(request_context(virtual_key=ANONYMOUS)),
        ]
    )
    uses.write()
    assert last_use(key) == datetime.fromtimestamp(NOON + 60, UTC)
    assert TableVersion.objects.get().version == version


def test_an_earlier_use_changes_nothing(key: str) -> None:
    use(key).write()
    use(key, at=NOON - 60).write()
    assert last_use(key) == datetime.fromtimestamp(NOON, UTC)


def test_not_more_often_than_the_interval(key: str) -> None:
    """A busy key is written once a minute, and when the process ends."""
    now = 1000.0
    uses = KeyUses(interval=60, clock=lambda: now)
    virtual_key = VirtualKey(id=key, name="ci", scopes=frozenset())
    for after in (0, 30, 59):
        now = 1000.0 + after
        uses.saw([describe(request_context(at=NOON + after, virtual_key=virtual_key))])
        uses.write()
    assert last_use(key) == datetime.fromtimestamp(NOON, UTC)
    uses.write(now=True)
    assert last_use(key) == datetime.fromtimestamp(NOON + 59, UTC)


def test_keys_that_are_gone_are_no_trouble(key: str) -> None:
    now = datetime.fromtimestamp(NOON, UTC)
    note_uses({key: now, "gone": now})
    assert last_use(key) == now
