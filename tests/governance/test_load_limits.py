"""Limits that are brought up to date are those that are read anew, and little is read for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import last_good, services, snapshot
from governance.keys import digest
from governance.limits.counting.binding import LimitIndex
from governance.limits.limit import SUBJECTS
from governance.load_limits import load_limits
from governance.load_table import NOTHING, load, read_version
from governance.models import ApiKey, Group, Limit, LimitGrant, RoutingProfile
from tests.governance.conftest import profile_document, provider_document

STEPS = 30


def said(index: LimitIndex) -> dict[Any, Any]:
    """Everything that can be asked of an index."""
    every = index.by_id
    found: dict[Any, Any] = dict(every)
    for one in every.values():
        found[one.subject_type, one.subject_id] = index.of_subject(one.subject_type, one.subject_id)
    found["of"] = {
        (kind, identity): index.of_subject(kind, identity)
        for kind in SUBJECTS
        for identity in ("", "light", "fast")
    }
    return {**found, "flags": (bool(index), index.of_targets, index.counts_cost)}


class Operator:
    """Does one thing after another, of those that limits depend on."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._made = 0

    def step(self) -> None:
        every: list[Callable[[], Any]] = [
            *(self._limit, self._limit, self._change, self._switch, self._delete),
            *(self._grant, self._take_back, self._rename, self._rename, self._delete_key),
        ]
        self._rng.choice(every)()

    def _some(self, model: Any) -> Any:
        rows = list(model.objects.order_by("pk"))
        return self._rng.choice(rows) if rows else None

    def _name(self) -> str:
        self._made += 1
        return f"made {self._made}"

    def _subject(self) -> dict[str, Any]:
        kind = self._rng.choice(list(SUBJECTS))
        if kind == "everything":
            return {"type": kind}
        if kind == "provider":
            return {"type": kind, "id": "Fast"}
        model = {"key": ApiKey, "group": Group, "profile": RoutingProfile}[kind]
        row = self._some(model)
        return {"type": "everything"} if row is None else {"type": kind, "id": row.pk}

    def _limit(self) -> None:
        document = {
            "name": self._name(),
            "subject": self._subject(),
            "measure": self._rng.choice(["cost", "tokens"]),
            "amount": "3.5" if self._rng.random() < 0.5 else "7",
            "window": self._rng.choice(["day", "month", "minute"]),
            "model": self._rng.choice(["", "*-big"]),
        }
        services.LIMITS.save(document, who="t")

    def _change(self) -> None:
        if row := self._some(Limit):
            document = {"amount": str(self._rng.randrange(1, 99)), "subject": self._subject()}
            services.LIMITS.save(document, who="t", existing=row.pk, partial=True)

    def _switch(self) -> None:
        if row := self._some(Limit):
            document = {"enabled": not row.enabled}
            services.LIMITS.save(document, who="t", existing=row.pk, partial=True)

    def _delete(self) -> None:
        if row := self._some(Limit):
            services.LIMITS.delete(row.pk, who="t")

    def _grant(self) -> None:
        if row := self._some(Limit):
            document = {"limit": row.pk, "amount": "2", "from": "2026-11-01", "windows": 2}
            services.GRANTS.save(document, who="t")

    def _take_back(self) -> None:
        if row := self._some(LimitGrant):
            services.GRANTS.delete(row.pk, who="t")

    def _rename(self) -> None:
        model = self._rng.choice([ApiKey, Group, RoutingProfile])
        row = self._some(model)
        if row is None:
            return
        if model is ApiKey:
            services.update_key(row.pk, {"name": self._name()}, who="t")
        elif model is Group:
            services.GROUPS.save({"name": self._name()}, who="t", existing=row.pk, partial=True)
        else:
            document = profile_document("light", name=self._name())
            services.save_profile(document, who="t", existing="light")

    def _delete_key(self) -> None:
        if ApiKey.objects.count() > 2 and (row := self._some(ApiKey)):
            services.delete_key(row.pk, who="t")


@pytest.mark.django_db
def test_what_follows_is_what_is_read_anew() -> None:
    services.save_provider(provider_document("Fast"), who="t")
    services.save_profile(profile_document("light"), who="t")
    for number in range(5):
        services.create_key({"name": f"k{number}", "scopes": ["inference"]}, who="t")
        services.GROUPS.save({"name": f"g{number}"}, who="t")
    operator = Operator(random.Random(1))
    snapshot.refresh()
    for _ in range(STEPS):
        operator.step()
        followed = snapshot.refresh().limits
        assert said(followed) == said(load_limits())


@pytest.mark.django_db
def test_a_change_of_one_leaves_the_others() -> None:
    """The very same values, whatever part of the configuration changes; the index too where
    nothing of it is another."""
    for number in range(4):
        services.create_key({"name": f"k{number}", "scopes": ["inference"]}, who="t")
    keys = list(ApiKey.objects.order_by("pk"))
    for key in keys:
        subject = {"type": "key", "id": key.pk}
        document = {"name": "l", "subject": subject, "measure": "tokens", "amount": 5}
        services.LIMITS.save(document, who="t")
    before = snapshot.refresh()
    services.update_key(keys[0].pk, {"priority": "low"}, who="t")
    price = {"provider": "a", "model": "m", "input": "1", "output": "2", "valid_from": "2026-01-01"}
    services.PRICES.save(price, who="t")
    assert snapshot.refresh().limits is before.limits
    first, *others = before.limits.by_id
    services.LIMITS.save({"amount": 6}, who="t", existing=first, partial=True)
    with CaptureQueriesContext(connection) as queries:
        after = snapshot.refresh()
    assert after.limits.by_id[first].amount == 6.0
    assert all(after.limits.by_id[one] is before.limits.by_id[one] for one in others)
    assert len(queries) <= 18, "however many limits there are"
    services.update_key(keys[1].pk, {"name": "other"}, who="t")
    owners = [one.owner for one in snapshot.refresh().limits.by_id.values()]
    assert owners.count('the API key "other"') == 1


@pytest.mark.django_db
def test_it_outlives_its_process(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    _, secret = services.create_key({"name": "k", "scopes": ["inference"]}, who="t")
    limit = services.LIMITS.save({"name": "l", "measure": "tokens", "amount": 5}, who="t")
    grant = {"limit": limit.document["id"], "amount": "2", "from": "2026-11-01", "windows": 2}
    services.GRANTS.save(grant, who="t")
    rows = load(NOTHING, read_version())
    assert rows.virtual_keys[digest(secret)].name == "k"
    last_good.keep(rows)
    kept = last_good.read()
    assert kept is not None
    assert said(kept.limits) == said(rows.limits)
    assert replace(kept, limits=rows.limits) == rows
