"""What may stand beside the routing profiles of an import or export, section by section.

Rows are told apart by their ids, so that what was exported here or elsewhere can be imported as
often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import CharField
from django.utils.translation import gettext

from governance.errors import Invalid
from governance.routing.fields import Problem
from governance.services import importing_configuration as configuration
from governance.services.alerts import ALERTS
from governance.services.budgets import GRANTS, GROUPS, LIMITS, PRICES
from governance.services.importing_configuration import ImportHooks
from governance.services.mappings import MAPPINGS
from governance.services.own_keys import KEY_ALLOWANCES
from governance.services.plain_rows import PlainRows

REPLACE: Final = "replace"
"""A section takes the place of all rows of its kind."""
MERGE: Final = "merge"
"""What a document has is made or changed, and everything else stays as it is."""
MODES: Final = (REPLACE, MERGE)


@dataclass(frozen=True, slots=True)
class RowSection:
    """One kind of row in a document."""

    name: str
    rows: PlainRows[Any]
    natural: tuple[str, ...]
    """The fields by which a document without an id finds its row."""
    aside: str = ""
    """A text that no two rows may share."""
    flag: str = ""
    """A mark that one row alone may have."""
    asked_for: bool = False
    """Whether only an export of everything has it."""
    early: bool = False
    """Whether routing profiles refer to it."""
    fixed: bool = False
    """Whether rows never change: one that says the same is the same."""
    complete: bool = True
    """Whether documents have all of a row. Of what they have not, rows that are there are changed,
    and none is made or removed."""
    refers: Mapping[str, str] = field(default_factory=dict)
    """The fields that name a row of another section by its id."""
    hooks: ImportHooks = configuration.PLAIN

    @property
    def model(self) -> Any:
        return self.rows.model

    @property
    def named_by_text(self) -> bool:
        """Whether ids are texts, which mean the same everywhere; numbers do not."""
        return isinstance(self.model._meta.pk, CharField)

    def permissions(self, *verbs: str) -> list[str]:
        """Django's, of what may be done to these rows."""
        meta = self.model._meta
        return [f"{meta.app_label}.{verb}_{meta.model_name}" for verb in verbs]


SECTIONS: Final = (
    RowSection(
        "providers",
        configuration.PROVIDERS,
        ("name",),
        "name",
        flag="is_default",
        asked_for=True,
        early=True,
        hooks=configuration.OF_PROVIDERS,
    ),
    RowSection("groups", GROUPS, ("name",), "name"),
    RowSection("limits", LIMITS, ("name", "subject")),
    RowSection(
        "grants",
        GRANTS,
        ("limit", "amount", "from", "windows"),
        fixed=True,
        refers={"limit": "limits"},
    ),
    RowSection("prices", PRICES, ("provider", "model", "valid_from"), "model"),
    RowSection("alerts", ALERTS, ("name",), "name", hooks=configuration.OF_ALERTS),
    RowSection(
        "heuristic_rules",
        configuration.RULES,
        ("name",),
        "name",
        asked_for=True,
        hooks=configuration.OF_RULES,
    ),
    RowSection("model_mappings", MAPPINGS, ("match", "pattern"), "pattern", asked_for=True),
    RowSection("key_allowances", KEY_ALLOWANCES, ("group",), asked_for=True),
    RowSection(
        "api_keys",
        configuration.KEYS,
        ("id",),
        asked_for=True,
        complete=False,
        hooks=configuration.OF_KEYS,
    ),
)
"""In the order in which they refer to one another."""

Given = Mapping[str, object]
"""Sections of a document by name."""


@dataclass(slots=True)
class SectionOutcome:
    """What became of the rows of one section: their ids."""

    created: list[Any] = field(default_factory=list)
    changed: list[Any] = field(default_factory=list)
    removed: list[Any] = field(default_factory=list)
    unchanged: int = 0
    names: dict[Any, str] = field(default_factory=dict)
    """What those that are another now are called, or were."""
    details: dict[Any, Sequence[str]] = field(default_factory=dict)
    """How those that changed did, in words."""

    @property
    def changes(self) -> bool:
        return bool(self.created or self.changed or self.removed)

    def words(self, name: str) -> str:
        return (
            f"Imported {name}: {len(self.created)} created, {len(self.changed)} changed, "
            f"{len(self.removed)} removed, {self.unchanged} as before."
        )


def exported_rows(
    may_view: Callable[[Sequence[str]], bool], everything: bool = False
) -> dict[str, list[dict[str, Any]]]:
    """The sections that have rows which the caller may see."""
    found = {}
    for section in SECTIONS:
        asked = everything or not section.asked_for
        if asked and may_view(section.permissions("view")):
            shape = section.rows.serializer
            documents = [shape.exported(row) for row in section.model.objects.order_by("pk")]
            if documents:
                found[section.name] = documents
    return found


def sections_in(document: object) -> dict[str, object]:
    """The sections of a document, at its top or beside its routing profiles.

    Raises `Invalid` where one stands in both places.
    """
    inner: Any = document
    for name in ("plugin", "config"):
        inner = inner.get(name) if isinstance(inner, dict) else None
    places = [one for one in (document, inner) if isinstance(one, dict)]
    found: dict[str, object] = {}
    for section in SECTIONS:
        given = [one[section.name] for one in places if one.get(section.name) is not None]
        if len(given) > 1:
            message = gettext("An import holds %(name)s once.") % {"name": section.name}
            raise Invalid(Problem(section.name, "ambiguous", message))
        if given:
            found[section.name] = given[0]
    return found


def lacking_rights(
    given: Given, may: Callable[[Sequence[str]], bool], mode: str = REPLACE
) -> list[Problem]:
    """A problem for each section whose rows the caller may not replace, or add to."""
    verbs = ("add", "change", "delete") if mode == REPLACE else ("add", "change")
    told = gettext("You may not replace %(name)s.") if mode == REPLACE else ""
    told = told or gettext("You may not change %(name)s.")
    return [
        Problem(section.name, "forbidden", told % {"name": section.name})
        for section in SECTIONS
        if section.name in given and not may(section.permissions(*verbs))
    ]
