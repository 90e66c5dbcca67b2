"""What one field may hold. Serializers and OpenAPI read these too, so each bound is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, Q
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext

from governance.routing.fields import range_problem, text_problem

NO_LIMIT = 1 << 62


def line(value: str) -> None:
    """One line without control characters and without white space at its ends."""
    _refuse(text_problem("It", value, NO_LIMIT))


def prose(value: str) -> None:
    """Text of any number of lines, without other control characters."""
    _refuse(text_problem("It", value, NO_LIMIT, prose=True))


@deconstructible
class Bounds:
    """The number lies from `low`, or above it, to `high`."""

    def __init__(self, low: float, high: float, *, above: bool = False) -> None:
        self.low, self.high, self.above = low, high, above

    def __call__(self, value: float) -> None:
        integer = isinstance(value, int)
        _refuse(range_problem("It", value, self.low, self.high, integer=integer, above=self.above))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bounds) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def constraint(self, model: str, field: str) -> CheckConstraint:
        """The same as a check of the database; unset passes."""
        low = f"{field}__gt" if self.above else f"{field}__gte"
        within = Q(**{low: self.low, f"{field}__lte": self.high})
        return CheckConstraint(
            condition=within | Q(**{f"{field}__isnull": True}), name=f"{model}_{field}_range"
        )


@deconstructible
class Words:
    """A list, each item one of a closed list, which may grow with what is installed."""

    def __init__(self, allowed: Callable[[], Iterable[str]]) -> None:
        self.allowed = allowed

    def __call__(self, value: Any) -> None:
        allowed = tuple(self.allowed())
        if not isinstance(value, list) or any(one not in allowed for one in value):
            raise ValidationError(
                gettext("It must be a list of %(listed)s.") % {"listed": ", ".join(allowed)},
                "choice",
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and self.allowed is other.allowed

    __hash__ = None  # type: ignore[assignment]


@deconstructible
class LinesValidator:
    """A list of at most `most` texts, none of them longer than `limit` characters."""

    def __init__(self, limit: int, most: int) -> None:
        self.limit, self.most = limit, most

    def __call__(self, value: Any) -> None:
        if not isinstance(value, list) or len(value) > self.most:
            raise ValidationError(
                gettext("It must be a list of at most %(most)s texts.") % {"most": self.most},
                "too_many",
            )
        for one in value:
            _refuse(text_problem("Each", str(one), self.limit, required=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinesValidator) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


@deconstructible
class NumbersValidator:
    """A list of at most `most` different numbers from `low` to `high`."""

    def __init__(self, low: float, high: float, most: int) -> None:
        self.low, self.high, self.most = low, high, most

    def __call__(self, value: Any) -> None:
        if not isinstance(value, list) or len(value) > self.most:
            raise ValidationError(
                gettext("It must be a list of at most %(most)s numbers.") % {"most": self.most},
                "too_many",
            )
        for one in value:
            _refuse(range_problem("Each", one, self.low, self.high))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumbersValidator) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


def _refuse(problem: tuple[str, str] | None) -> None:
    if problem:
        code, message = problem
        raise ValidationError(message, code)
