from __future__ import annotations

from functools import lru_cache
from typing import Any

from drf_spectacular.utils import extend_schema_serializer, inline_serializer
from rest_framework import serializers

from governance.serializers.strict import VERSION, StrictSerializer


class WarningSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="Where, as in `targets[0].model`.")
    code = serializers.CharField()
    message = serializers.CharField()


class ErrorBodySerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
    type = serializers.CharField()
    code = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Messages by the path of the field that broke a rule.",
    )


class ErrorSerializer(serializers.Serializer[Any]):
    error = ErrorBodySerializer()


@lru_cache
def versioned(shape: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The document beside the version it has, as answers hold it; others as they are."""
    if not issubclass(shape, StrictSerializer) or not shape.shows_version:
        return shape
    version = serializers.IntegerField(
        read_only=True,
        help_text="Revision that changed it last. `If-Match` takes it in quotes, as `ETag` has it.",
    )
    return type(shape.__name__, (shape,), {VERSION: version, "__doc__": shape.__doc__})


@lru_cache
def single(name: str, shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """`{name: {...}}`, with warnings when there are any."""
    return inline_serializer(
        f"{shape.__name__.removesuffix('Serializer')}Answer",
        {name: versioned(shape)(), "warnings": WarningSerializer(many=True, required=False)},
    )


@lru_cache
def listed(name: str, shape: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """`{name: [...], "count": n}`."""
    answer = inline_serializer(
        f"{shape.__name__.removesuffix('Serializer')}List",
        {
            name: versioned(shape)(many=True),
            "count": serializers.IntegerField(help_text="How many there are in all."),
        },
    )
    # The answer of a list is one object, though the generator expects many.
    extend_schema_serializer(many=False)(type(answer))
    return answer


@lru_cache
def patch_of(shape: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The same fields, none of them required: what is left out stays."""

    def get_fields(self: serializers.Serializer[Any]) -> dict[str, Any]:
        found = shape.get_fields(self)
        for one in found.values():
            one.required = False
        return found

    name = f"{shape.__name__.removesuffix('Serializer')}PatchSerializer"
    body = {"get_fields": get_fields, "__doc__": "The fields to change; the rest stays."}
    return type(name, (shape,), body)
