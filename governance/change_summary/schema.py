"""What the models say of the fields of documents: their labels, and which hold choices."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils import translation

from governance.serializers import (
    AlertSerializer,
    GrantSerializer,
    GroupSerializer,
    KeyAllowanceSerializer,
    KeySerializer,
    LimitSerializer,
    MappingSerializer,
    ModelPriceSerializer,
    ProfileSerializer,
    ProviderSerializer,
    RuleSerializer,
    TargetSerializer,
)
from governance.serializers.parts import OptionalPartSerializer

SERIALIZERS = (
    ProfileSerializer,
    TargetSerializer,
    ProviderSerializer,
    KeySerializer,
    RuleSerializer,
    MappingSerializer,
    GroupSerializer,
    LimitSerializer,
    GrantSerializer,
    ModelPriceSerializer,
    AlertSerializer,
    KeyAllowanceSerializer,
)


@cache
def labels() -> dict[str, str]:
    """What people call each column, by its name: in English, in which revisions are kept."""
    with translation.override(settings.LANGUAGE_CODE):
        return {
            column.name: str(column.verbose_name)
            for shape in SERIALIZERS
            for column in shape.Meta.model._meta.concrete_fields
        }


@cache
def choices() -> frozenset[str]:
    """Columns whose values are words out of a list, with underscores where people put spaces."""
    return frozenset(
        column.name
        for shape in SERIALIZERS
        for column in shape.Meta.model._meta.concrete_fields
        if column.choices is not None
    )


@cache
def parts() -> frozenset[str]:
    """Fields that hold a part which need not be there."""
    return frozenset(
        name
        for shape in SERIALIZERS
        for name, one in shape.shape().fields.items()
        if isinstance(one, OptionalPartSerializer)
    )


@cache
def derived() -> frozenset[str]:
    """Fields that are shown and follow from others: the read-only ones without a column."""
    columns = labels()
    return frozenset(
        name
        for shape in SERIALIZERS
        for name, one in shape.shape().fields.items()
        if one.read_only and name not in columns
    )
