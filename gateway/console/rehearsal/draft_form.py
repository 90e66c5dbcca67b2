"""The profile that stands in the unsaved form, read by the very forms that would save it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest
from django.utils.translation import gettext

from gateway.console.forms.service_admin import ServiceAdmin
from gateway.console.targets.shares import typed_shares
from gateway.console.targets.shown import told
from governance.models import RoutingProfile
from governance.serializers import ProfileSerializer
from governance.services.profiles import with_id

UNNAMED = "draft"
"""Stands for the id of a profile that will get one when it is saved."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed: a document that keeps every rule, or what is wrong with it."""

    document: dict[str, Any]
    problems: tuple[str, ...] = ()
    shares: Mapping[str, str] = field(default_factory=dict)
    """Of the targets, by the prefix of their row."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else the page says of what is typed; see `targets.shown`."""


def read_draft(request: HttpRequest, existing: str) -> Draft | None:
    """The profile in the posted form; `existing` is the id of the one it changes, "" for a new one.

    Someone who may only look has no form: for them it is the profile as it is saved. None when
    there is no such profile.
    """
    row = None
    if existing:
        row = RoutingProfile.objects.prefetch_related("targets").filter(pk=existing).first()
        if row is None:
            return None
    page = admin.site.get_model_admin(RoutingProfile)
    assert isinstance(page, ServiceAdmin)
    if row is None and not page.has_add_permission(request):
        return None
    if row is not None and not page.has_change_permission(request, row):
        return Draft(ProfileSerializer.document(row))
    return _typed(request, page, row)


def _typed(request: HttpRequest, page: ServiceAdmin, row: RoutingProfile | None) -> Draft:
    form = page.get_form(request, row, change=row is not None)(
        request.POST, instance=row if row is not None else RoutingProfile()
    )
    assert hasattr(form, "document")
    form.full_clean()
    inlines = page.get_inline_instances(request, row)
    if not inlines:
        return Draft({}, (gettext("You may not see the targets."),))
    formset_class = inlines[0].get_formset(request, row)
    targets: Any = formset_class(
        data=request.POST, instance=form.instance, prefix=formset_class.get_default_prefix()
    )
    targets.full_clean()
    shares = typed_shares(targets, form.cleaned_data.get("strategy", ""))
    said = told(targets)
    problems = [
        *_messages(form),
        *map(str, targets.non_form_errors()),
        *(
            (gettext("Target %(number)s: %(message)s") % {"number": number, "message": message})
            for number, one in enumerate(targets.rows, 1)
            for message in _messages(one)
        ),
    ]
    if problems:
        return Draft({}, tuple(dict.fromkeys(problems)), shares, said)
    document = {**form.document(), "targets": targets.documents()}
    if document.get("id") is None:
        document["id"] = row.pk if row is not None else UNNAMED
    complete: Any = with_id(document, row.pk if row is not None else None)
    return Draft(complete, shares=shares, told=said)


def _messages(form: Any) -> list[str]:
    """Every message of a form with the label of its field, unless it begins with that itself."""
    found = []
    for name, errors in form.errors.items():
        label = "" if name == NON_FIELD_ERRORS else str(form.fields[name].label or name)
        found += [str(one) if str(one).startswith(label) else f"{label}: {one}" for one in errors]
    return found
