"""The question what a limit would have refused, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from governance.errors import Invalid
from governance.json_values import in_utc, moment_of, moment_or_date
from governance.routing.fields import Problem, kind_of
from governance.serializers import LimitSerializer
from governance.services.limit_replay import ReplayedLimit, last_week


class LimitReplayRequestSerializer(serializers.Serializer[Any]):
    """`from` and `to` may be left out: the last week."""

    limit = LimitSerializer()

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name that a class body could assign.
        ends = {name: serializers.DateTimeField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **ends}


class RefusedKeySerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    refused = serializers.IntegerField()


class LimitReplaySerializer(serializers.Serializer[Any]):
    """What it would have done."""

    requests = serializers.IntegerField(help_text="That were looked at.")
    bound = serializers.IntegerField(help_text="That the limit would have counted.")
    refused = serializers.IntegerField(
        help_text="That it would have refused, kept from their target, diverted or warned of."
    )
    keys = RefusedKeySerializer(many=True, help_text="Those with the most first.")
    key_count = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    complete = serializers.BooleanField(
        help_text="false where there were more requests than are looked at: `from` says since when."
    )
    words = serializers.CharField(help_text="The same as a sentence.")

    def get_fields(self) -> dict[str, Any]:
        ends = {name: serializers.DateTimeField() for name in ("from", "to")}
        return {**ends, **super().get_fields()}


def limit_question(data: object) -> tuple[datetime, datetime, object]:
    """From when, until when, and the document of the limit. Raises `Invalid`."""
    if not isinstance(data, Mapping):
        message = f"The request must be an object, not {kind_of(data)}."
        raise Invalid(Problem("", "type", message))
    begin, end = last_week()
    found = {"from": begin, "to": end}
    for name in found:
        if data.get(name) is not None:
            at = moment_or_date(data[name])
            if at is None:
                message = f"{name} must be a date, as 2030-01-31, or a time with its zone."
                raise Invalid(Problem(name, "invalid", message))
            found[name] = at
    if found["from"] > found["to"]:
        raise Invalid(Problem("from", "range", "from must be before to."))
    return found["from"], found["to"], data.get("limit")


def limit_answer(done: ReplayedLimit) -> dict[str, Any]:
    found = done.found
    return {
        "from": in_utc(done.begin),
        "to": in_utc(done.end),
        "requests": found.requests,
        "bound": found.bound,
        "refused": found.refused,
        "keys": [{"id": key, "name": name, "refused": count} for key, name, count in done.keys],
        "key_count": len(found.keys),
        "first_at": None if found.first_at is None else moment_of(found.first_at),
        "complete": done.complete,
        "words": done.words,
    }
