"""Pages of things that are one row with a document: see `governance.services.plain_rows`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest

from gateway.console.forms.service_admin import ServiceAdmin, who
from governance.routing.fields import Problem
from governance.services.plain_rows import PlainRows


class PlainRowAdmin(ServiceAdmin):
    """A page of things that `rows` saves."""

    rows: PlainRows[Any]

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        document, expected = self.resolved(request, form, form.document())
        saved = self.rows.save(
            document, who=who(request), existing=form.existing, expected=expected
        )
        form.instance.pk = saved.document["id"]
        return saved.warnings

    def remove(self, request: HttpRequest, row: Any) -> None:
        self.rows.delete(row.pk, who=who(request))
