"""What the services raise: broken rules by the place that broke them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext

from governance.routing.fields import Problem


class Refused(Exception):
    """A change that was not made. Nothing was written."""

    def __init__(self, problems: Iterable[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))

    def by_field(self) -> dict[str, list[str]]:
        """Messages by path; those about the whole document stand under the empty path."""
        found: dict[str, list[str]] = {}
        for problem in self.problems:
            found.setdefault(problem.path, []).append(problem.message)
        return found


class Invalid(Refused):
    """The document breaks rules."""


class Conflict(Refused):
    """The document is sound, but what is there already stands in its way."""


class Forbidden(Refused):
    """The document is sound, but not for this caller to save."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """One change that someone else saved."""

    version: int
    who: str
    when: datetime
    words: tuple[str, ...]


class StaleVersion(Refused):
    """What was to be changed is no longer as its editor saw it."""

    def __init__(self, version: int, changes: Iterable[Meanwhile]) -> None:
        self.version = version
        """The version it has now."""
        self.changes = tuple(changes)
        told = "; ".join(
            f"{one.who}: {', '.join(one.words) or 'changed it'}" for one in self.changes
        )
        message = (
            gettext("It was changed since: it has version %(version)s now") % {"version": version}
        ) + (f" ({told})." if told else ".")
        super().__init__(Problem("", "stale_version", message))


class NotFound(Refused):
    """There is nothing of that name."""


def check(problems: Iterable[Problem]) -> None:
    """Raises `Invalid` if there are any."""
    found = tuple(problems)
    if found:
        raise Invalid(found)


def refuse(row: Model, problems: Iterable[Problem]) -> None:
    """Raises the problems, if there are any, as Django's forms and models know them.

    What lies deeper than one of the row's fields, or beside them, is told of the whole row, with
    its path.
    """
    known = {field.name for field in row._meta.fields}
    errors: dict[str, list[str]] = {}
    for problem in problems:
        if problem.path in known or not problem.path:
            errors.setdefault(problem.path or NON_FIELD_ERRORS, []).append(problem.message)
        elif (field := problem.path.split(".")[0].split("[")[0]) in known:
            errors.setdefault(field, []).append(f"{problem.path}: {problem.message}")
        else:
            errors.setdefault(NON_FIELD_ERRORS, []).append(f"{problem.path}: {problem.message}")
    if errors:
        raise ValidationError(errors)


def from_validation_error(error: ValidationError, prefix: str = "") -> Invalid:
    """The same the other way round, for what only the database's own constraints found."""
    if not hasattr(error, "error_dict"):
        return Invalid(Problem(prefix, "invalid", message) for message in error.messages)
    return Invalid(
        _problem(prefix, field, item) for field, items in error.error_dict.items() for item in items
    )


def _problem(prefix: str, field: str, error: ValidationError) -> Problem:
    path = "" if field == NON_FIELD_ERRORS else field
    if prefix:
        path = f"{prefix}.{path}" if path else prefix
    return Problem(path, str(error.code or "invalid"), " ".join(error.messages))
