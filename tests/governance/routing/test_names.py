"""The models a key is shown."""

from dataclasses import replace

from hypothesis import given

from governance.routing.names import listed_models
from governance.routing.table import ANONYMOUS
from tests.governance.routing.build import (
    cloud,
    local,
    plan,
    profile,
    routing_request,
    table,
    target,
)
from tests.governance.routing.strategies import tables, virtual_keys


def ids(where, virtual_key=ANONYMOUS):
    return [model.id for model in listed_models(where, virtual_key)]


def test_virtual_and_real_models_sorted_and_once():
    where = table(
        local(models=("tiny", "big")),
        profile(target(virtual_model="light", model="SmolLM2"), target(model="tiny")),
    )
    assert ids(where) == ["light/light", "light/tiny", "mlx/SmolLM2", "mlx/big", "mlx/tiny"]


def test_owners():
    listed = listed_models(table(local(), profile(target(virtual_model="a"))), ANONYMOUS)
    assert [(one.owner, one.virtual) for one in listed] == [
        ("light", True),
        ("mlx", False),
        ("mlx", False),
    ]


def test_a_target_without_model_offers_the_providers():
    where = table(cloud(models=("a", "b")), profile(target("openai", "")))
    assert ids(where) == ["light/a", "light/b", "openai/a", "openai/b"]


def test_what_leads_nowhere_is_not_shown():
    rows = [
        target("openai", virtual_model="cloud"),
        target("ghost", virtual_model="ghost"),
        target("off", virtual_model="off"),
        target(virtual_model="disabled", enabled=False),
    ]
    off = local("off", enabled=False)
    assert ids(table(cloud(), off, profile(*rows), cloud_enabled=False)) == []
    assert ids(table(cloud(), profile(*rows))) == ["light/cloud", "openai/m"]
    assert ids(table(local(), replace(profile(target()), enabled=False))) == ["mlx/tiny"]


def test_a_key_sees_what_it_may_use():
    where = table(
        local(),
        cloud(default_model="gpt"),
        profile(target(), virtual_provider="theirs", virtual_key_id="k2"),
    )
    mine = replace(ANONYMOUS, id="k1", local_only=True)
    assert ids(where, mine) == ["mlx/tiny"]
    assert ids(where, replace(mine, id="k2")) == ["mlx/m", "mlx/tiny", "theirs/m"]


@given(tables(), virtual_keys.map(lambda virtual_key: replace(virtual_key, profile="")))
def test_every_name_shown_is_found(where, virtual_key):
    """Asking for a listed name is never answered with `model_not_found`."""
    for name in ids(where, virtual_key):
        refusal = plan(routing_request(name), where, virtual_key).refusal
        assert refusal is None or refusal.code != "model_not_found"
