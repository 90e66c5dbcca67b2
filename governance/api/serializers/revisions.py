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
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


class RevisionDetailSerializer(RevisionSerializer):
    """With the whole documents before and after; null where there was none."""

    changes = ChangeSerializer(many=True)


class RevertedSerializer(serializers.Serializer[Any]):
    """What the revert did, or would do."""

    version = serializers.IntegerField(help_text="The version that was gone back to.")
    changes = serializers.ListField(child=serializers.CharField())
    warnings = WarningSerializer(many=True)
    dry_run = serializers.BooleanField()
