"""Shares of targets as they are typed: the answer to a rehearsal tells them to the page's rows."""

from __future__ import annotations

import html
import json
import random
import re
from typing import Any

import pytest
from django.test import Client

from gateway.console.targets.shares import share
from governance import services
from governance.models import RoutingProfile, RoutingTarget
from tests.gateway.console.sent import profile_form
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def saved(db: None) -> None:
    services.save_provider(provider_document("p"), who="t")
    services.save_profile(profile_document(), who="t")


def typed(admin: Client, rows: list[dict[str, Any]], **profile: Any) -> list[str]:
    """The shares told for these rows, "" for a row that has none."""
    targets = [{"provider": "p", "model": f"m-{place}", **row} for place, row in enumerate(rows)]
    document = profile_document(**{"targets": targets, "strategy": "weighted", **profile})
    form = profile_form(document, adding=False) | {"rehearse-existing": "light"}
    answer = admin.post("/admin/rehearse", form).content.decode()
    (found,) = re.findall(r'data-shares="([^"]*)"', answer)
    told = json.loads(html.unescape(found))
    return [told.get(f"targets-{place}", "") for place in range(len(rows))]


def row(weight: object, alias: str = "", **more: Any) -> dict[str, Any]:
    return {"virtual_model": alias, "weight": weight, **more}


def test_it_works(admin: Client) -> None:
    assert typed(admin, [row(1), row(3)]) == ["25 %", "75 %"]


def test_they_are_those_of_the_saved_profile(admin: Client) -> None:
    """Of many profiles: halves that are rounded to even, nothing but zeros, switches, aliases."""
    rng = random.Random(6)
    weights = (0, 0.1, 0.2, 0.3, 1, 1, 1.5, 2, 3, 5, 7, 15, 993, 1e-3, 1e6)
    cases = [[row(1), row(15)], [row(0.1), row(1.5)], [row(7), row(993)], [row(0), row(0)]]
    cases += [
        [
            row(
                rng.choice(weights),
                rng.choice(("", "*", "a", "A", "b")),
                enabled=rng.random() < 0.8,
                priority=rng.choice((0, 0, 1)),
            )
            for _ in range(rng.randint(1, 5))
        ]
        for _ in range(40)
    ]
    for case in cases:
        profile = RoutingProfile(strategy="weighted")
        targets = [
            RoutingTarget(**{"provider": "p", **one}, position=place, profile=profile)
            for place, one in enumerate(case)
        ]
        assert typed(admin, case) == [share(one, targets) for one in targets], case


@pytest.mark.parametrize("field", ["weight", "priority"])
def test_what_cannot_be_read_leaves_its_rivals_without_one(admin: Client, field: str) -> None:
    """Those of another alias keep theirs, and so does everyone when the mistake is elsewhere."""
    rows = [row(1, "a"), {**row(3, "a"), field: "many"}, row(1, "b")]
    assert typed(admin, rows) == ["", "", "100 %"]
    assert typed(admin, [row(1), row(3)], name="") == ["25 %", "75 %"]


def test_blank_fields_have_their_defaults(admin: Client) -> None:
    assert typed(admin, [row(""), row(3, priority="")]) == ["25 %", "75 %"]


def test_a_row_without_a_provider_takes_no_part(admin: Client) -> None:
    assert typed(admin, [row(1), row(3, provider="")]) == ["100 %", ""]


def test_a_strategy_that_reads_no_weights_has_none(admin: Client) -> None:
    assert typed(admin, [row(1), row(3)], strategy="ordered_failover") == ["", ""]
