"""What the pages share: writing by the services, and saying what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext

from gateway.console.audit.history import AuditedAdmin
from gateway.console.forms.document_form import PlainForm
from gateway.console.forms.stale import BASE, resolved
from governance import snapshot
from governance.errors import Refused, StaleVersion
from governance.routing.fields import Problem
from governance.services import Versions

FormSets = Iterable["BaseInlineFormSet[Any, Any, Any]"]


class ServiceAdmin(AuditedAdmin):
    """A page that writes nothing itself: subclasses name the services that do."""

    empty_title: ClassVar[str | Promise] = ""
    empty_text: ClassVar[str | Promise] = ""
    """What to do first, on a list with nothing in it."""

    change_form_before_template = "console/forms/version.html"
    list_before_template = "console/forms/list_note.html"
    list_max_show_all = 0
    list_filter_submit = False
    warn_unsaved_form = True
    compressed_fields = False
    show_full_result_count = False

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        """Saves what the form says, sets the key of `form.instance`, returns warnings."""
        raise NotImplementedError

    def resolved(
        self, request: HttpRequest, form: Any, document: dict[str, Any]
    ) -> tuple[dict[str, Any], Versions | None]:
        """The document to save and the version it goes on from; see `forms.stale`."""
        if form.existing is None:
            return document, None
        return resolved(self.audited_as, form.instance, request, document)

    def remove(self, request: HttpRequest, row: Any) -> None:
        """Deletes the row."""
        raise NotImplementedError

    def warnings(self, request: HttpRequest) -> Sequence[str]:
        """What deserves attention first, above the list."""
        return ()

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the templates around the form need; `row` is None on the page of a new one."""
        return {}

    # Django's hooks

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "empty_title": self.empty_title,
            "empty_text": self.empty_text,
            "list_warnings": self.warnings(request),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        """A form that comes back stands under the name that is saved, not the one typed."""
        row = context.get("original")
        if row is not None and request.method == "POST":
            saved = self.get_object(request, str(row.pk)) or row
            context |= {"original": saved, "subtitle": str(saved)}
        form = context["adminform"].form
        stale = getattr(form, "stale", None)
        if row is not None:
            context |= {"base_version": request.POST.get(BASE, row.changed_in), "stale": stale}
        if row is not None and (why := out_of_service(row)):
            messages.error(request, why)
        context |= self.page_context(request, row)
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        if stale is not None:
            answer.status_code = 409
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            answer: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        except StaleVersion:
            # Saved between the form's look and the write: now the form sees it.
            again: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
            return again
        except Refused as refused:
            # Someone else changed something between the checks and the write.
            return _told(request, refused)
        return answer

    def missing(self, request: HttpRequest, identity: str) -> HttpResponse:
        """To the list, with a word of the row that is not there."""
        return self._get_obj_does_not_exist_redirect(request, self.opts, identity)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            answer: HttpResponse = super().delete_view(request, object_id, extra_context)
        except Refused as refused:
            return _told(request, refused)
        return answer

    def save_model(self, request: HttpRequest, obj: Model, form: PlainForm, change: bool) -> None:
        """Nothing yet: targets are known only in `save_related`."""

    def save_related(
        self, request: HttpRequest, form: PlainForm, formsets: FormSets, change: bool
    ) -> None:
        for warning in self.write(request, form, change):
            messages.warning(request, warning.message)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """For Django's own history; the audit log says more."""
        return super().construct_change_message(request, form, [], add)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.remove(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """All or none: what one of them is refused for leaves the others too."""
        try:
            with transaction.atomic():
                for row in list(queryset):
                    self.remove(request, row)
        except Refused as refused:
            messages.error(
                request, gettext("Nothing was deleted. %(refused)s") % {"refused": refused}
            )


def who(request: HttpRequest) -> str:
    """The person as revisions name them."""
    return request.user.get_username()


def out_of_service(row: Model) -> str:
    """Why requests do not see the row, as a sentence; "" where they do."""
    why = snapshot.out_of_service().get((row._meta.label_lower, str(row.pk)))
    return (
        (
            gettext("Out of service, since what is stored cannot be read: %(why)s. Save it anew.")
            % {"why": why}
        )
        if why
        else ""
    )


def cloud_routing() -> bool:
    """Whether requests may leave the machine."""
    return bool(settings.ENABLE_CLOUD_ROUTING)


def _told(request: HttpRequest, refused: Refused) -> HttpResponse:
    messages.error(request, str(refused))
    return HttpResponseRedirect(request.get_full_path())
