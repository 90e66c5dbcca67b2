"""Reading untrusted JSON field by field: every problem is collected, none is raised."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from governance.texts import gettext

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_PROSE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""A line of printable ASCII, which keeps every rule; most texts are one."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule."""

    path: str
    """Where, like `targets[1].model`; empty for the document as a whole."""
    code: str
    """A stable word for programs, like `required` or `unique`."""
    message: str
    """A sentence for people."""

    def under(self, prefix: str) -> Problem:
        """The same problem of a document that is itself found at `prefix`."""
        path = f"{prefix}.{self.path}" if self.path else prefix
        return Problem(path, self.code, self.message)


def kind_of(value: object) -> str:
    """What JSON calls a value, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return gettext("a boolean")
    if isinstance(value, int | float):
        return gettext("a number")
    if isinstance(value, str):
        return gettext("a string")
    if isinstance(value, Mapping):
        return gettext("an object")
    return gettext("a list") if isinstance(value, list | tuple) else gettext("not JSON")


def text_problem(
    name: str, value: str, limit: int, *, required: bool = False, prose: bool = False
) -> tuple[str, str] | None:
    """What is wrong with a text, as code and sentence. `prose` may span lines."""
    if not value.strip():
        if required:
            return "required", gettext("%(name)s is required.") % {"name": name}
        if value and not prose:
            return "invalid", gettext("%(name)s must not consist of white space.") % {"name": name}
        return None
    if len(value) > limit:
        return "too_long", gettext("%(name)s must have at most %(limit)s characters.") % {
            "name": name,
            "limit": limit,
        }
    if _SURROGATE.search(value):
        return "invalid", gettext("%(name)s holds half a surrogate pair, which is no text.") % {
            "name": name
        }
    if (_CONTROL_IN_PROSE if prose else _CONTROL).search(value):
        return "invalid", gettext("%(name)s must not contain control characters.") % {"name": name}
    if not prose and value != value.strip():
        return "invalid", gettext("%(name)s must not begin or end with white space.") % {
            "name": name
        }
    return None


def range_problem(
    name: str,
    value: float,
    low: float,
    high: float,
    *,
    integer: bool = False,
    above: bool = False,
) -> tuple[str, str] | None:
    """What is wrong with a number that must lie from `low`, or above it, to `high`."""
    if (low < value if above else low <= value) and value <= high:
        return None
    wanted = gettext("a whole number") if integer else gettext("a number")
    first = (
        (gettext("above %(low)s and at most") % {"low": f"{low:,.10g}"})
        if above
        else (gettext("from %(low)s to") % {"low": f"{low:,.10g}"})
    )
    return "range", gettext("%(name)s must be %(wanted)s %(first)s %(high)s.") % {
        "name": name,
        "wanted": wanted,
        "first": first,
        "high": f"{high:,.10g}",
    }


@dataclass(slots=True)
class Fields:
    """The fields of one object. Each reader returns a usable value or notes what is wrong.

    `null` means the same as absent everywhere: relatives of this service write empty lists and
    unset numbers as `null`.
    """

    document: Mapping[str, object]
    prefix: str = ""
    found: list[Problem] = field(default_factory=list)

    def path(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name

    def note(self, name: str, code: str, message: str) -> None:
        self.found.append(Problem(self.path(name), code, message))

    def text(self, name: str, limit: int, *, required: bool = False, prose: bool = False) -> str:
        """A string of at most `limit` characters, "" when absent or unusable."""
        value = self.document.get(name)
        if value is None:
            value = ""
        elif isinstance(value, str) and len(value) <= limit and _PLAIN.fullmatch(value):
            return value
        if not isinstance(value, str):
            self.note(
                name,
                "type",
                gettext("%(name)s must be a string, not %(kind_of)s.")
                % {"name": name, "kind_of": kind_of(value)},
            )
            return ""
        problem = text_problem(name, value, limit, required=required, prose=prose)
        if problem:
            self.note(name, *problem)
        return "" if problem or not value.strip() else value

    def choice(self, name: str, choices: Sequence[str], default: str = "") -> str:
        """One of `choices`; `default` when absent, "" when wrong. Required without one."""
        value = self.document.get(name)
        if value is None or value == "":
            if not default:
                self.note(name, "required", gettext("%(name)s is required.") % {"name": name})
            return default
        if isinstance(value, str) and value in choices:
            return value
        self.note(
            name,
            "choice",
            gettext("%(name)s must be %(one_of)s.") % {"name": name, "one_of": one_of(choices)},
        )
        return ""

    def choices(self, name: str, allowed: Sequence[str]) -> None:
        """A list whose every item is one of `allowed`."""
        value = self.document.get(name)
        if value is None:
            return
        if not isinstance(value, list | tuple):
            self.note(
                name,
                "type",
                gettext("%(name)s must be a list, not %(kind_of)s.")
                % {"name": name, "kind_of": kind_of(value)},
            )
            return
        for index, item in enumerate(value):
            if not isinstance(item, str) or item not in allowed:
                message = gettext("Each of %(name)s must be %(one_of)s.") % {
                    "name": name,
                    "one_of": one_of(allowed),
                }
                self.note(f"{name}[{index}]", "choice", message)

    def flag(self, name: str, default: bool) -> bool:
        value = self.document.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.note(
            name,
            "type",
            gettext("%(name)s must be true or false, not %(kind_of)s.")
            % {"name": name, "kind_of": kind_of(value)},
        )
        return default

    def number(
        self,
        name: str,
        low: float,
        high: float,
        *,
        integer: bool = False,
        above: bool = False,
        default: float = 0.0,
    ) -> float | None:
        """A finite number from `low` to `high`, or above `low`; None when it is wrong.

        Booleans are not numbers here, though Python thinks they are.
        """
        value = self.document.get(name)
        if value is None:
            return default
        wanted = gettext("a whole number") if integer else gettext("a number")
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.note(
                name,
                "type",
                gettext("%(name)s must be %(wanted)s, not %(kind_of)s.")
                % {"name": name, "wanted": wanted, "kind_of": kind_of(value)},
            )
            return None
        if isinstance(value, float) and (integer or not math.isfinite(value)):
            self.note(
                name,
                "type",
                gettext("%(name)s must be %(wanted)s.") % {"name": name, "wanted": wanted},
            )
            return None
        problem = range_problem(name, value, low, high, integer=integer, above=above)
        if problem:
            self.note(name, *problem)
            return None
        return value

    def unknown(self, known: Collection[str], what: str) -> None:
        """Notes every field that is not one of `known`."""
        for name in self.document:
            if name not in known:
                self.note(
                    name,
                    "unknown_field",
                    gettext("%(what)s has no field of this name.") % {"what": what},
                )


def one_of(choices: Sequence[str]) -> str:
    """The choices as a phrase: `a`, `a or b`, `a, b or c`."""
    if len(choices) < 2:
        return "".join(choices)
    return gettext("%(listed)s or %(choices)s") % {
        "listed": ", ".join(choices[:-1]),
        "choices": choices[-1],
    }
