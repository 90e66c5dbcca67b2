from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer


class RevisionSerializer(serializers.Serializer[Any]):
    """One change of the configuration."""

    version = serializers.IntegerField()
    who = serializers.CharField()
    when = serializers.DateTimeField()
    action = serializers.CharField()
    summary = serializers.CharField()


class ChangeSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = serializers.CharField()
    words = serializers.ListField(
        child=serializers.CharField(),
        help_text="What changed, as people say it; empty where the thing came or went.",
    )
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


class RevisionDetailSerializer(RevisionSerializer):
    """With the whole documents before and after; null where there was none."""

    changes = ChangeSerializer(many=True)


class ComparisonSerializer(serializers.Serializer[Any]):
    """What is another at one revision than at the other."""

    changes = ChangeSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is no name that a class body could assign.
        ends = {name: serializers.IntegerField() for name in ("from", "to")}
        return {**ends, **super().get_fields()}


class RevertedSerializer(serializers.Serializer[Any]):
    """What the revert did, or would do."""

    version = serializers.IntegerField(help_text="The version that was gone back to.")
    changes = serializers.ListField(child=serializers.CharField())
    warnings = WarningSerializer(many=True)
    dry_run = serializers.BooleanField()
