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
