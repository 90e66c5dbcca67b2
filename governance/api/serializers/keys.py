from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rest_framework import serializers

from governance.api.serializers.common import WarningSerializer, versioned
from governance.errors import check
from governance.routing.fields import Fields
from governance.serializers import KeySerializer
from governance.services.keys import GRACE, LONGEST_GRACE


class NewKeySerializer(serializers.Serializer[Any]):
    """The only answer that holds the key."""

    key = versioned(KeySerializer)()
    secret = serializers.CharField(help_text="The key. It cannot be shown again.")
    warnings = WarningSerializer(many=True, required=False)


class RotationSerializer(serializers.Serializer[Any]):
    """How long the old secret stays good."""

    grace_hours = serializers.FloatField(
        required=False, help_text="Hours for which the old secret is good beside the new one: 24."
    )


def grace_of(data: object) -> timedelta:
    """The grace time that a rotation asks for. Raises `Invalid`."""
    fields = Fields(data if isinstance(data, Mapping) else {})
    hours = fields.number(
        "grace_hours",
        0,
        LONGEST_GRACE / timedelta(hours=1),
        default=GRACE / timedelta(hours=1),
    )
    check(fields.found)
    return timedelta(hours=hours or 0)


class NewOwnKeySerializer(serializers.Serializer[Any]):
    """What the maker of an own key may say."""

    name = serializers.CharField()
    group = serializers.CharField(
        required=False, help_text="Id; may be left out where there is one allowance."
    )
    confined_to = serializers.ListField(child=serializers.CharField(), required=False)
    expires_at = serializers.DateTimeField(
        required=False, help_text="The latest that is allowed unless it is given."
    )
    addresses = serializers.ListField(child=serializers.CharField(), required=False)
    endpoints = serializers.ListField(child=serializers.CharField(), required=False)


class OwnAllowanceSerializer(serializers.Serializer[Any]):
    """Where one may make keys."""

    group = serializers.CharField(help_text="Id.")
    group_name = serializers.CharField()
    profiles = serializers.ListField(child=serializers.CharField())
    days = serializers.IntegerField()
    most_keys = serializers.IntegerField()


class OwnKeysSerializer(serializers.Serializer[Any]):
    keys = versioned(KeySerializer)(many=True)
    allowances = OwnAllowanceSerializer(many=True)
