"""Adding a strategy is adding one file: a toy one that tries targets from the last to the first."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command

from governance import services, snapshot
from governance.errors import Invalid
from governance.models import RoutingProfile
from governance.routing.breaker import HEALTHY
from governance.routing.explain import simulate
from governance.routing.table import ANONYMOUS
from governance.strategies import STRATEGIES
from tests.governance.routing.build import cloud, profile, routing_request, table, target
from tests.inference.tables import HEADERS, rebuilt, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Json, Upstream

TOY = '''
"""The last target first."""

from governance.strategies.strategy import Complaint, Strategy


def order(eligible, health, rng):
    return sorted(eligible, key=lambda one: -one.target.position)


def first_probabilities(targets):
    last = max(targets, key=lambda one: one.position, default=None)
    return [1.0 if one is last else 0.0 for one in targets]


def check(document):
    if len(document["targets"]) > 2:
        yield Complaint("targets", "too_many_for_a_toy", "A toy has two targets at most.")


STRATEGY = Strategy("backwards", "Backwards", "tries the last first", order, first_probabilities,
                    check)
'''
PROFILE = {"id": "light", "name": "L", "virtual_provider": "light", "strategy": "backwards"}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "toy_strategies").mkdir()
    (tmp_path / "toy_strategies" / "__init__.py").touch()
    (tmp_path / "toy_strategies" / "backwards.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    STRATEGIES.discover("toy_strategies")
    yield
    STRATEGIES.unregister("backwards")
    for name in ("toy_strategies", "toy_strategies.backwards"):
        sys.modules.pop(name)


@pytest.mark.django_db
def test_a_file_is_enough(toy: None) -> None:
    """It is offered, checked, simulated and followed by traffic, and needs no migration."""
    assert ("backwards", "Backwards") in list(
        RoutingProfile._meta.get_field("strategy").choices or ()
    )
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    with Upstream(Json(shapes.completion("a"))) as a, Upstream(Json(shapes.completion("b"))) as b:
        for name, upstream in (("a", a), ("b", b)):
            provider = {"name": name, "kind": "openai", "base_url": upstream.base_url}
            services.save_provider(provider, who="ann")
        targets = [{"provider": name, "model": "m"} for name in "ab"]
        with pytest.raises(Invalid) as refused:
            services.save_profile({**PROFILE, "targets": [*targets, *targets]}, who="ann")
        assert [one.code for one in refused.value.problems] == ["too_many_for_a_toy"]
        services.save_profile({**PROFILE, "targets": targets}, who="ann")
        table = rebuilt(snapshot.refresh(), virtual_keys=virtual_keys())
        body = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}]}
        with served(table) as gateway:
            url = f"{gateway.url}/v1/chat/completions"
            answer = httpx.post(url, json=body, headers=HEADERS)
    assert answer.json()["choices"][0]["message"]["content"] == "b"
    assert (len(a.asked), len(b.asked)) == (0, 1)


@pytest.mark.django_db
def test_a_simulation_tells_its_chances(toy: None) -> None:
    where = table(cloud("a"), cloud("b"), profile(target("a"), target("b"), strategy="backwards"))
    found = simulate(routing_request("light/x"), ANONYMOUS, where, HEALTHY, 0.0, random.Random(1))
    told = [(one.provider, one.probability) for one in found.candidates]
    assert told == [("b", 1.0), ("a", 0.0)]
