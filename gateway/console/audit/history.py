"""The History link of every page leads to what the audit log says of its object."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from gateway.console.theme.admin_classes import ModelAdmin
from gateway.console.theme.page import page
from governance import services
from governance.models import AuditEntry

PAGE_LENGTH = 50


class AuditedAdmin(ModelAdmin):
    """A page whose History is the audit log, which knows of every way a thing is changed."""

    audited_as: ClassVar[str] = ""
    """`object_type` of its entries."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        entries = AuditEntry.objects.filter(object_type=self.audited_as, object_key=str(row.pk))
        found = Paginator(entries, PAGE_LENGTH).get_page(request.GET.get("p"))
        return page(
            request,
            "console/audit/history.html",
            gettext("History of %(row)s") % {"row": row},
            entries=found,
            opts=self.opts,
            original=row,
            kind=self.audited_as,
            revertible=self.audited_as in services.REVERTIBLE,
            **(extra_context or {}),
        )
