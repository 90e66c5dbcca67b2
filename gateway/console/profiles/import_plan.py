"""Importing profiles in two steps: the plan, then exactly what the plan showed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext, gettext_lazy
from rest_framework.exceptions import APIException
from unfold.widgets import UnfoldAdminFileFieldWidget

from gateway.console.forms.fields import ProseField
from governance import services
from governance.api.parsers import StrictJSONParser, StrictYAMLParser
from governance.change_summary import changed
from governance.errors import Forbidden, Invalid
from governance.models import RoutingProfile, TableVersion
from governance.routing.fields import Problem
from governance.serializers import ProfileSerializer
from governance.services import ImportOutcome, SectionOutcome

_SALT: Final = "gateway.console.profiles.import_plan"
_HOUR: Final = 3600
_PLURALS: Final = {one.name: one.model._meta.verbose_name_plural for one in services.SECTIONS}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a document holds."""

    profiles: object
    """None where it says nothing of them."""
    rows: dict[str, object]
    """Groups, limits and so on, by section."""
    mode: str = services.REPLACE


class ImportForm(forms.Form):
    """A document, pasted or uploaded."""

    mode = forms.ChoiceField(
        label=gettext_lazy("What is there already"),
        choices=[(one, one) for one in services.MODES],
        required=False,
    )
    text = ProseField(label=gettext_lazy("Paste an export"), rows=12)
    file = forms.FileField(
        label=gettext_lazy("or upload one"), required=False, widget=UnfoldAdminFileFieldWidget()
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("text")) == bool(data.get("file")) and not self.errors:
            raise forms.ValidationError(gettext("Paste a document or upload one: one of the two."))
        return data

    @property
    def modes(self) -> list[tuple[str, str, str]]:
        """Each way of importing, what it is called, and what it does."""
        return [
            (
                services.REPLACE,
                gettext("Replace it"),
                gettext("Of each kind in the document, what it has not is removed."),
            ),
            (
                services.MERGE,
                gettext("Merge into it"),
                gettext("What the document has is made or changed; nothing is removed."),
            ),
        ]

    @property
    def chosen_mode(self) -> str:
        return str(self["mode"].value() or services.REPLACE)

    @property
    def sources(self) -> list[forms.BoundField]:
        return [self["text"], self["file"]]

    def given(self) -> Imported:
        """What was given, read as the API reads it. Raises `Invalid`."""
        file = self.cleaned_data.get("file")
        body: bytes = file.read() if file else self.cleaned_data["text"].encode()
        parser = StrictJSONParser() if _is_json(body) else StrictYAMLParser()
        try:
            document = parser.parse(io.BytesIO(body))
        except APIException as error:
            raise Invalid(Problem("", "invalid", str(error.detail))) from error
        mode = self.cleaned_data["mode"] or services.REPLACE
        return Imported(services.profiles_in(document), services.sections_in(document), mode)


def _is_json(body: bytes) -> bool:
    """Whether it begins as a document of JSON does; what is no text is told of as that is."""
    try:
        return body.decode().lstrip("\ufeff \t\r\n")[:1] in ("{", "[", "")
    except UnicodeDecodeError:
        return True


@dataclass(frozen=True, slots=True)
class Changed:
    """A profile that would change, and how, in words."""

    name: str
    words: Sequence[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do, with names where `ImportOutcome` has ids."""

    created: Sequence[str]
    changed: Sequence[Changed]
    removed: Sequence[str]
    unchanged: int
    warnings: Sequence[Problem]
    rows: Mapping[str, SectionOutcome]
    """The same of groups, limits and so on, by what they are called."""
    mode: str
    token: str
    """The set and the state it was compared with, signed for this person."""

    @property
    def changes(self) -> bool:
        rows = any(one.changes for one in self.rows.values())
        return bool(self.created or self.changed or self.removed or rows)


class Stale(Exception):
    """The configuration changed since the plan was shown; nothing was written."""

    def __init__(self, given: Imported) -> None:
        self.given = given
        super().__init__(gettext("The configuration has changed since."))


def plan(given: Imported, importer: services.Importer) -> ImportPlan:
    """Compares it with what is saved and writes nothing.

    Raises `Invalid`, `Forbidden`, `Conflict`.
    """
    with transaction.atomic():
        state = _state()
        rows = RoutingProfile.objects.prefetch_related("targets")
        before = {row.id: ProfileSerializer.document(row) for row in rows}
        outcome = services.import_all(
            given.profiles, importer, rows=given.rows, mode=given.mode, dry_run=True
        )
    profiles: Any = given.profiles or ()
    after = {one["id"]: one for one in map(_as_written, profiles)}
    return ImportPlan(
        created=[after[identity]["name"] for identity in outcome.created],
        changed=list(_changed(outcome, before, after)),
        removed=[before[identity]["name"] for identity in outcome.removed],
        unchanged=outcome.unchanged,
        warnings=outcome.warnings,
        rows={_PLURALS[name]: one for name, one in outcome.rows.items()},
        mode=given.mode,
        token=signing.dumps(
            [importer.who, state, given.profiles, given.rows, given.mode],
            salt=_SALT,
            compress=True,
        ),
    )


def apply(
    token: str, importer: services.Importer, may: Callable[[Sequence[str]], bool]
) -> ImportOutcome:
    """Does what the plan with this token showed.

    Raises `Stale` if anything was saved in between, `Invalid` when the token is not one that this
    person was given within the hour, `Forbidden` where they may not do it any more, and what
    `services.import_all` raises.
    """
    try:
        author, state, profiles, rows, mode = signing.loads(token, salt=_SALT, max_age=_HOUR)
    except (signing.BadSignature, ValueError):
        author = None
    if author != importer.who:
        message = gettext("The plan is no longer good: paste or upload the document again.")
        raise Invalid(Problem("", "expired", message))
    with transaction.atomic():
        # Locks the row as every writer does, so nobody gets in between look and write.
        TableVersion.objects.select_for_update().get_or_create(pk=1)
        if _state() != state:
            raise Stale(Imported(profiles, rows, mode))
        lacking = services.lacking_rights(rows, may, mode)
        if lacking:
            raise Forbidden(lacking)
        return services.import_all(profiles, importer, rows=rows, mode=mode)


def _state() -> list[Any]:
    row = TableVersion.objects.filter(pk=1).first() or TableVersion()
    return [row.version, row.mark]


def _as_written(document: Mapping[str, Any]) -> dict[str, Any]:
    row = RoutingProfile(id=document["id"])
    ProfileSerializer.fill(row, document)
    return ProfileSerializer.document(row)


def _changed(
    outcome: ImportOutcome, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Changed]:
    for identity in outcome.changed:
        old, new = before[identity], after[identity]
        yield Changed(new["name"], changed(old, new), old, new)
