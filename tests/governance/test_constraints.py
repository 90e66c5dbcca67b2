"""What the database itself refuses, whatever wrote the row."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model, ProtectedError

from governance.models import (
    ApiKey,
    HeuristicRule,
    ModelMapping,
    Provider,
    RoutingProfile,
    RoutingTarget,
    TableVersion,
)

pytestmark = pytest.mark.django_db

PROVIDER = {"name": "a", "kind": "openai", "base_url": "http://a/"}
PROFILE = {"id": "p", "name": "P", "virtual_provider": "v"}
TARGET = {"profile_id": "p", "provider": "a", "virtual_model": "x", "model": "m"}
KEY = {"id": "k", "name": "k", "digest": b"1" * 32, "scopes": ["inference"]}
RULE = {"name": "r", "profile": "p"}
MAPPING = {"pattern": "m", "destination": "p"}


@pytest.fixture(autouse=True)
def rows() -> None:
    Provider.objects.create(**PROVIDER, is_default=True)
    RoutingProfile.objects.create(**PROFILE)
    RoutingTarget.objects.create(**TARGET)
    ApiKey.objects.create(**KEY)
    HeuristicRule.objects.create(**RULE)
    ModelMapping.objects.create(**MAPPING)


def other(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A sound second row, but for the changes."""
    fresh: dict[str, Any] = {
        "PROVIDER": {"name": "b"},
        "PROFILE": {"id": "q", "name": "Q", "virtual_provider": "w"},
        "TARGET": {"virtual_model": "y", "position": 1},
        "KEY": {"id": "l", "digest": b"2" * 32},
        "RULE": {"name": "s"},
        "MAPPING": {"pattern": "n"},
    }
    name = next(name for name, value in globals().items() if value is base)
    return {**base, **fresh[name], **changes}


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Provider, other(PROVIDER, name="A")),
        (Provider, other(PROVIDER, name="")),
        (Provider, other(PROVIDER, is_default=True)),
        (Provider, other(PROVIDER, idle_timeout=0)),
        (Provider, other(PROVIDER, total_timeout=-1)),
        (Provider, other(PROVIDER, connect_timeout=1e9)),
        (Provider, other(PROVIDER, max_concurrency=0)),
        (RoutingProfile, other(PROFILE, name="p")),
        (RoutingProfile, other(PROFILE, virtual_provider="V")),
        (RoutingProfile, other(PROFILE, virtual_provider="")),
        (RoutingProfile, other(PROFILE, virtual_provider="a/b")),
        (RoutingProfile, other(PROFILE, local_fallback="sometimes")),
        (RoutingTarget, other(TARGET, virtual_model="X")),
        (RoutingTarget, other(TARGET, position=0)),
        (RoutingTarget, other(TARGET, provider="")),
        (RoutingTarget, other(TARGET, model="")),
        (RoutingTarget, other(TARGET, weight=-1)),
        (RoutingTarget, other(TARGET, weight=1e9)),
        (RoutingTarget, other(TARGET, priority=10**8)),
        (RoutingTarget, other(TARGET, token_percent_threshold=100.5)),
        (RoutingTarget, other(TARGET, budget_percent_threshold=-1)),
        (ApiKey, other(KEY, digest=b"1" * 32)),
        (ApiKey, other(KEY, name="")),
        (ApiKey, other(KEY, priority="urgent")),
        (HeuristicRule, other(RULE, name="R")),
        (HeuristicRule, other(RULE, profile="")),
        (HeuristicRule, other(RULE, match="few")),
        (ModelMapping, other(MAPPING, pattern="M")),
        (ModelMapping, other(MAPPING, match="glob")),
        (ModelMapping, other(MAPPING, destination="")),
        (TableVersion, {"pk": 2}),
    ],
)
def test_each_rule_that_a_database_can_hold(model: type[Model], values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        model._default_manager.create(**values)


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (Provider, other(PROVIDER, kind="none"), "kind"),
        (Provider, other(PROVIDER, base_url=""), "base_url"),
        (Provider, other(PROVIDER, kind="mlx"), "base_url"),
        (RoutingProfile, other(PROFILE, strategy="best"), "strategy"),
    ],
)
def test_what_registries_say_is_checked_by_the_model_alone(
    model: type[Model], values: dict[str, Any], field: str
) -> None:
    """A kind or a strategy that is added needs no migration, so no constraint lists them."""
    with pytest.raises(ValidationError) as refused:
        model(**values).full_clean()
    assert field in refused.value.message_dict


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Provider, other(PROVIDER)),
        (Provider, {"name": "mlx", "kind": "mlx"}),
        (RoutingProfile, other(PROFILE)),
        (RoutingTarget, other(TARGET)),
        (RoutingTarget, other(TARGET, virtual_model="", model="")),
        (RoutingTarget, other(TARGET, virtual_model="*")),
        (ApiKey, other(KEY)),
        (HeuristicRule, other(RULE)),
        (ModelMapping, other(MAPPING)),
        (ModelMapping, {**MAPPING, "pattern": "M", "match": "regex"}),
    ],
)
def test_sound_rows_pass(model: type[Model], values: dict[str, Any]) -> None:
    model._default_manager.create(**values)


def test_a_profile_that_a_key_is_bound_to_stays() -> None:
    """Else the key would be one for everything."""
    ApiKey.objects.update(routing_profile="p")
    with pytest.raises(ProtectedError):
        RoutingProfile.objects.all().delete()
