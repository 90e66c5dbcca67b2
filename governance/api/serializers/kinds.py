"""Kinds of provider as the API tells them: what a new provider may be, and well-known places."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.kinds import ProviderKind


class PresetSerializer(serializers.Serializer[Any]):
    """A well-known place: the fields of a provider to begin with."""

    label = serializers.CharField()  # type: ignore[assignment]  # DRF has an attribute of that name
    name = serializers.CharField()
    base_url = serializers.CharField()
    is_local = serializers.BooleanField()


class KindSerializer(serializers.Serializer[Any]):
    """A kind of provider."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF has an attribute of that name
    help = serializers.CharField()
    key_help = serializers.CharField(
        help_text="What stands in the place of an API key; empty where it is one."
    )
    base_url = serializers.ChoiceField(choices=("required", "forbidden"))
    request_types = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="What it can serve; null: whatever its protocol can.",
    )
    presets = PresetSerializer(many=True)


def kind_document(kind: ProviderKind) -> dict[str, Any]:
    types = kind.request_types
    names = ("label", "name", "base_url", "is_local")
    return {
        "name": kind.name,
        "label": kind.label,
        "help": kind.help,
        "key_help": kind.key_help,
        "base_url": kind.base_url,
        "request_types": None if types is None else sorted(types),
        "presets": [{name: getattr(preset, name) for name in names} for preset in kind.presets],
    }
