"""The provider that stands in the unsaved form, read by the very form that would save it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.http import HttpRequest

from gateway.console.forms.service_admin import ServiceAdmin
from governance.kinds import read_as_today
from governance.models import Provider
from governance.services.providers import fill_provider
from governance.whole_number import whole_number


@dataclass(frozen=True, slots=True)
class DraftedProvider:
    """A row that is saved nowhere, or what is wrong with what was typed."""

    row: Provider | None = None
    problems: tuple[str, ...] = ()


def drafted_provider(request: HttpRequest) -> DraftedProvider:
    """Whoever may not save it may not have it tried either: raises `PermissionDenied`."""
    page = admin.site.get_model_admin(Provider)
    assert isinstance(page, ServiceAdmin)
    given = request.POST.get("try-existing", "")
    row = Provider.objects.filter(pk=whole_number(given) or 0).first()
    allowed = (
        page.has_add_permission(request)
        if row is None
        else page.has_change_permission(request, row)
    )
    if not allowed:
        raise PermissionDenied
    held = row if row is not None else Provider()
    form: Any = page.get_form(request, row, change=row is not None)(request.POST, instance=held)
    form.full_clean()
    problems = [
        f"{'' if name == NON_FIELD_ERRORS else f'{form.fields[name].label}: '}{message}"
        for name, errors in form.errors.items()
        for message in errors
    ]
    if problems:
        return DraftedProvider(problems=tuple(problems))
    drafted: Provider = form.row
    fill_provider(drafted, read_as_today(form.document()), form.credentials)
    return DraftedProvider(drafted)
