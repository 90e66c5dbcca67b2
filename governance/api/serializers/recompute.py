"""The question to work out again what requests cost, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from governance.errors import check
from governance.json_values import moment_or_date, money
from governance.routing.fields import Fields, Problem
from governance.services.costs import Recomputed


class RecomputeRequestSerializer(serializers.Serializer[Any]):
    """`from` is required; `to` is now unless it is given."""

    provider = serializers.CharField(required=False, help_text="Only what it was asked.")
    model = serializers.CharField(required=False, help_text="Only this model.")
    dry_run = serializers.BooleanField(required=False, help_text="Only say what would change.")

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name that a class body could assign.
        ends = {
            "from": serializers.DateTimeField(),
            "to": serializers.DateTimeField(required=False),
        }
        return {**ends, **super().get_fields()}


class RecomputedSerializer(serializers.Serializer[Any]):
    """What came of it."""

    requests = serializers.IntegerField(help_text="That were looked at.")
    changed = serializers.IntegerField(help_text="Whose cost is another now.")
    difference_usd = serializers.CharField(help_text="By how much in all.")
    words = serializers.CharField(help_text="The same as a sentence.")
    dry_run = serializers.BooleanField()


def recompute_question(data: object) -> dict[str, Any]:
    """The arguments of `services.recompute_costs`. Raises `Invalid`."""
    document: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    fields = Fields(document)
    begin, end = moment_or_date(document.get("from")), moment_or_date(document.get("to"))
    for name, found in (("from", begin), ("to", end)):
        if found is None and (name == "from" or document.get(name) is not None):
            message = f"{name} must be a date, as 2030-01-31, or a time with its zone."
            fields.found.append(Problem(name, "invalid", message))
    asked = {
        "provider": fields.text("provider", 100),
        "model": fields.text("model", 300),
        "dry_run": fields.flag("dry_run", default=False),
    }
    check(fields.found)
    return {"begin": begin, "end": end or datetime.now(UTC), **asked}


def recompute_answer(done: Recomputed) -> dict[str, Any]:
    return {
        "requests": done.requests,
        "changed": done.changed,
        "difference_usd": money(done.micro_usd / 1_000_000),
        "words": done.words,
        "dry_run": done.dry_run,
    }
