"""A field is said once: in its model. Everything else follows from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.views import APIView

from governance import frozen
from governance.change_summary import changed, schema
from governance.models.validators import Bounds, Words, line
from governance.serializers import fields
from governance.serializers.strict import StrictSerializer

HIDDEN = {
    "ApiKey": {"digest", "previous_digest", "changed_in"},
    "RoutingProfile": {
        *("created_at", "updated_at", "changed_in"),
        *(*frozen.CACHE.columns, *frozen.SHADOW.columns),
    },
    "RoutingTarget": {"id", "profile", "position", *frozen.RATE_LIMIT.columns},
    "Provider": {"id", "sealed_api_key", "sealed_headers", "changed_in"},
    "HeuristicRule": {"changed_in"},
    "ModelMapping": {"changed_in"},
    "Group": {"changed_in"},
    "Limit": {
        *("subject_type", "subject_id", "window_day", "window_hour"),
        *("weight_input", "weight_output", "weight_cached", "weight_reasoning"),
        *("unpriced_mode", "unpriced_rate", "changed_in"),
    },
    "LimitGrant": {"starts_at", "changed_in"},
    "ModelPrice": {"changed_in"},
    "KeyAllowance": {"changed_in"},
    "AlertRule": {"sealed_webhook_url", "sealed_webhook_secret", "changed_in"},
}
"""Columns that no document shows as a field of its own."""


def sizes() -> tuple[str, ...]:
    return ("small", "large")


@pytest.fixture
def shape() -> Iterator[Any]:
    """A model that nobody but this test knows, and its serializer, which names no field of it."""

    class Crate(models.Model):  # noqa: DJ008  # nobody prints it
        name = models.CharField(max_length=20, validators=[line], help_text="On its side.")
        weight = models.FloatField("gross weight", default=1.5, validators=[Bounds(0, 10)])
        sizes = models.JSONField(default=list, blank=True, validators=[Words(sizes)])
        handling = models.CharField(
            max_length=10, choices=[("with_care", "With care"), ("any", "Any")], default="any"
        )
        sealed = models.TextField(blank=True, editable=False)

        class Meta:
            app_label = "governance"

    class CrateSerializer(StrictSerializer):
        noun = "A crate"

        class Meta:
            model = Crate
            exclude = ("id",)

    yield CrateSerializer
    del apps.all_models["governance"]["crate"]
    apps.clear_cache()


def test_a_new_column_is_read_shown_and_filled(shape: Any) -> None:
    wrong = {"name": "", "weight": "2", "sizes": ["huge"], "handling": "none"}
    assert [(one.path, one.message) for one in shape.problems(wrong)] == [
        ("name", "name is required."),
        ("weight", "weight must be a number, not a string."),
        ("sizes[0]", "Each of sizes must be small or large."),
        ("handling", "handling must be with_care or any."),
    ]
    row = shape.Meta.model()
    shape.fill(row, {"name": "a", "weight": 2, "sizes": None})
    assert shape.document(row) == {"name": "a", "weight": 2, "sizes": [], "handling": "any"}
    assert [one.path for one in shape.unknown({"name": "a", "sealed": "x"})] == ["sealed"]
    assert not shape(data=wrong).is_valid()
    assert shape(data={"name": "a"}).is_valid()


def test_openapi_follows(shape: Any) -> None:
    class Crates(APIView):
        @extend_schema(request=shape, responses=shape)
        def post(self, request: Any) -> None: ...

    generator = SchemaGenerator(patterns=[path("crates", Crates.as_view())])
    document: Any = generator.get_schema(request=None, public=True)
    properties = document["components"]["schemas"]["CrateRequest"]["properties"]
    assert list(properties) == ["name", "weight", "sizes", "handling"]
    assert properties["name"]["maxLength"] == 20
    assert properties["name"]["description"] == "On its side."
    assert (properties["weight"]["minimum"], properties["weight"]["maximum"]) == (0, 10)
    assert document["components"]["schemas"]["SizesEnum"]["enum"] == ["small", "large"]


def test_summaries_follow(shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SERIALIZERS", (*schema.SERIALIZERS, shape))
    for one in (schema.labels, schema.choices, schema.derived):
        one.cache_clear()
    try:
        told = changed(
            {"weight": 1, "handling": "any", "sizes": []},
            {"weight": 2, "handling": "with_care", "sizes": ["small"]},
        )
    finally:
        for one in (schema.labels, schema.choices, schema.derived):
            one.cache_clear()
    assert told == ["gross weight 1 → 2", "handling any → with care", "size small added"]


def test_a_frozen_value_takes_columns_by_name(shape: Any) -> None:
    @dataclass(frozen=True)
    class Crate:
        name: str
        sizes: frozenset[str]
        weight: float = 1.0
        place: int = 0

    Crate.__dataclass_fields__["sizes"].type = "frozenset[str]"
    how = frozen.Frozen(Crate, shape.Meta.model)
    row = shape.Meta.model(name="a", sizes=["small"], weight=3)
    assert how.computed == {"place"}
    assert how.of(row, place=2) == Crate("a", frozenset({"small"}), 3, 2)


@pytest.mark.parametrize("serializer", schema.SERIALIZERS)
def test_every_column_is_shown_or_hidden_on_purpose(serializer: type[StrictSerializer]) -> None:
    columns = {one.name for one in serializer.Meta.model._meta.concrete_fields}  # type: ignore[attr-defined]
    shown = set(serializer.shape().fields) & columns
    assert columns - shown == HIDDEN[serializer.Meta.model.__name__]
    for name in shown:
        assert isinstance(serializer.shape().fields[name], fields.Strict | StrictSerializer)


@pytest.mark.parametrize(
    ("how", "computed", "left_out"),
    [
        (
            frozen.PROVIDER,
            {"api_key", "extra_headers"},
            {"id", "sealed_api_key", "sealed_headers", "changed_in"},
        ),
        (
            frozen.PROFILE,
            {"targets", "implicit", "cache", "shadow"},
            {"created_at", "updated_at", "changed_in"}
            | {*frozen.CACHE.columns, *frozen.SHADOW.columns},
        ),
        (frozen.CACHE, set(), None),
        (frozen.SHADOW, set(), None),
        (frozen.TARGET, {"rate_limit", "cost"}, {"id", "profile_id", *frozen.RATE_LIMIT.columns}),
        (frozen.RATE_LIMIT, set(), None),
        (
            frozen.KEY,
            {"replaced"},
            {
                *("prefix", "digest", "created_at", "last_used_at", "changed_in"),
                *("last_used_address", "last_used_client", "previous_digest", "previous_until"),
            },
        ),
        (frozen.RULE, set(), {"id", "position", "changed_in"}),
        (frozen.MAPPING, {"test"}, {"id", "changed_in"}),
        (frozen.GROUP, set(), {"changed_in"}),
        (frozen.LIMIT, {"extras", "subject_name"}, {"changed_in"}),
        (frozen.PRICE, set(), {"id", "changed_in"}),
    ],
    ids=[
        *(
            "provider",
            "profile",
            "cache",
            "shadow",
            "target",
            "rate limit",
            "key",
            "rule",
            "mapping",
        ),
        *("group", "limit", "price"),
    ],
)
def test_the_table_and_the_models_say_the_same(
    how: frozen.Frozen[Any], computed: set[str], left_out: set[str] | None
) -> None:
    """A field without a column is computed, a column without a field is not for requests."""
    assert how.computed == computed
    if left_out is not None:
        columns = {one.attname for one in how.model._meta.concrete_fields}
        assert columns - set(how.columns) == left_out
