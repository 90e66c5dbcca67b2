from __future__ import annotations

from collections.abc import Iterable

from governance.models import ApiKey
from governance.routing.fields import Problem
from governance.routing.key_restrictions import restriction_problems
from governance.routing.rules import confinement_problems, key_problems
from governance.serializers.strict import Reading, StrictSerializer


def _scopes(reading: Reading) -> Iterable[Problem]:
    return key_problems(reading.values)


def _confined(reading: Reading) -> Iterable[Problem]:
    document = reading.document
    return confinement_problems(document.get("routing_profile"), document.get("confined_to"))


def _restricted(reading: Reading) -> Iterable[Problem]:
    document = reading.document
    return restriction_problems(document.get("addresses"), document.get("endpoints"))


class KeySerializer(StrictSerializer):
    """An API key, without the key itself."""

    noun = "An API key"
    shows_version = True
    rules = {"scopes": _scopes, "confined_to": _confined, "endpoints": _restricted}

    class Meta:
        model = ApiKey
        read_only_fields = (
            *("id", "prefix", "created_at", "last_used_at", "last_used_address"),
            *("last_used_client", "previous_until"),
        )
        extra_kwargs = {"routing_profile": {"read_to": 200}}
