"""Groups, limits, extra amounts and prices as documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rest_framework import serializers

from governance.json_values import number, plain
from governance.limits.limit import UNPRICED
from governance.models import Group, Limit, LimitGrant, ModelPrice
from governance.routing.fields import Problem
from governance.routing.limit_rules import group_problems, limit_problems
from governance.serializers import fields
from governance.serializers.parts import PartSerializer
from governance.serializers.strict import Reading, StrictSerializer

LIVE: Final = ("used", "held", "resets_at")
"""What is shown beside a limit's own fields, and taken no notice of when it is sent back."""


def _group(reading: Reading) -> Iterable[Problem]:
    beside = reading.beside
    values = {**reading.values, "id": beside.get("id", "")}
    return group_problems(values, others=beside.get("others", ()))


class GroupSerializer(StrictSerializer):
    """A customer or team: keys belong to it, and limits can be set on it."""

    noun = "A group"
    rules = {"parent": _group}

    class Meta:
        model = Group
        read_only_fields = ("id",)


class SubjectSerializer(PartSerializer):
    """Whose use a limit counts."""

    noun = "A subject"
    columns = {"type": "subject_type", "id": "subject_id"}

    class Meta:
        model = Limit
        fields = ("type", "id")


class WeightsSerializer(PartSerializer):
    """What kinds of tokens count."""

    noun = "weights"
    columns = {name: f"weight_{name}" for name in ("input", "output", "cached", "reasoning")}

    class Meta:
        model = Limit
        fields = ("input", "output", "cached", "reasoning")


class WindowStartSerializer(PartSerializer):
    """When a window of the calendar begins."""

    noun = "A window_start"
    columns = {"day": "window_day", "hour": "window_hour"}

    class Meta:
        model = Limit
        fields = ("day", "hour")


class UnpricedSerializer(PartSerializer):
    """What a model counts whose price is not known."""

    noun = "unpriced"
    columns = {"mode": "unpriced_mode", "rate": "unpriced_rate"}

    class Meta:
        model = Limit
        fields = ("mode", "rate")
        extra_kwargs = {"mode": {"choices": tuple(UNPRICED)}}


class AmountField(fields.StrictDecimalField):
    """Money is a text; anything else that is counted is a number."""

    def show(self, row: Any) -> Any:
        value = getattr(row, self.column.attname)
        return plain(value) if row.measure == "cost" else _as_number(value)

    def shown_by(self) -> Any:
        return self.show


def _as_number(value: Any) -> float:
    found = number(float(value))
    assert found is not None
    return found


def _limit(reading: Reading) -> Iterable[Problem]:
    return limit_problems(reading.values)


class LimitSerializer(StrictSerializer):
    """How much of something a subject may use in a window of time."""

    noun = "A limit"
    placed = {
        "subject": "name",
        "weights": "strict",
        "window_start": "time_zone",
        "unpriced": "warn_at",
    }
    rules = {"enabled": _limit}

    subject = SubjectSerializer(required=False)
    weights = WeightsSerializer(required=False)
    window_start = WindowStartSerializer(required=False)
    unpriced = UnpricedSerializer(required=False)
    amount = AmountField(
        max_digits=20,
        decimal_places=6,
        help_text="How much is allowed; US dollars as a decimal text where cost is counted.",
    )

    class Meta:
        model = Limit
        read_only_fields: tuple[str, ...] = ("id",)
        exclude = (
            *SubjectSerializer.columns.values(),
            *WeightsSerializer.columns.values(),
            *WindowStartSerializer.columns.values(),
            *UnpricedSerializer.columns.values(),
        )

    @classmethod
    def unknown(cls, document: object, path: str = "") -> list[Problem]:
        prefix = f"{path}." if path else ""
        live = {f"{prefix}{name}" for name in LIVE}
        found = [one for one in super().unknown(document, path) if one.path not in live]
        if isinstance(document, Mapping):
            for name, part in cls.shape().fields.items():
                if isinstance(part, PartSerializer):
                    found += part.unknown(document.get(name), f"{prefix}{name}")
        return found


class ShownLimitSerializer(LimitSerializer):
    """A limit as the API shows it, with what is used of it. Of one that each key or session has for
    itself, it is the sum, and nobody can say when all of them are counted afresh."""

    used = serializers.CharField(help_text="In its window so far; an amount like `amount`.")
    held = serializers.CharField(help_text="By requests that are under way.")
    resets_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is counted afresh; null where that never happens."
    )

    class Meta(LimitSerializer.Meta):
        read_only_fields = ("id", "used", "held", "resets_at")


class GrantSerializer(StrictSerializer):
    """An extra amount on top of a limit."""

    noun = "An extra amount"
    columns = {"from": "starts_at"}
    placed = {"from": "amount"}

    class Meta:
        model = LimitGrant
        read_only_fields = ("id",)
        exclude = ("starts_at",)

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name that a class body could assign.
        found = {**super().get_fields(), "from": fields.StrictDateField()}
        return {name: found[name] for name in ("id", "limit", "amount", "from", "windows")}


class ModelPriceSerializer(StrictSerializer):
    """What a provider's model costs, in US dollars."""

    noun = "A price"

    valid_from = fields.StrictDateField(help_text="A date is its first moment in UTC.")

    class Meta:
        model = ModelPrice
        read_only_fields = ("id",)
