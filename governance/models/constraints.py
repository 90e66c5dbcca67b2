"""Checks the database makes beneath the rules, whatever wrote the row."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import CheckConstraint, Q


def filled(model: str, field: str) -> CheckConstraint:
    """The text is not empty."""
    return CheckConstraint(condition=~Q(**{field: ""}), name=f"{model}_{field}_filled")


def one_of(model: str, field: str, choices: Iterable[str]) -> CheckConstraint:
    """The text is one of a closed list."""
    return CheckConstraint(
        condition=Q(**{f"{field}__in": tuple(choices)}), name=f"{model}_{field}_known"
    )


def between(model: str, field: str, low: float, high: float) -> CheckConstraint:
    """The number lies in a range, both ends included; unset passes."""
    within = Q(**{f"{field}__gte": low, f"{field}__lte": high})
    return CheckConstraint(
        condition=within | Q(**{f"{field}__isnull": True}), name=f"{model}_{field}_range"
    )


def above_zero(model: str, field: str, high: float) -> CheckConstraint:
    """The number is positive and not beyond `high`; unset passes."""
    within = Q(**{f"{field}__gt": 0, f"{field}__lte": high})
    return CheckConstraint(
        condition=within | Q(**{f"{field}__isnull": True}), name=f"{model}_{field}_range"
    )
