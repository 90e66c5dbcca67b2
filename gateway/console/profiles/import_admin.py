"""The pages that export and import routing profiles, for `ProfileAdmin`."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from rest_framework.renderers import JSONRenderer

from gateway.console.forms.service_admin import who
from gateway.console.profiles import duplicate, import_plan
from gateway.console.profiles.switch import SwitchAdmin
from gateway.console.revisions.difference import unified
from gateway.console.theme.admin_classes import action
from governance import services
from governance.api.parsers import YAMLRenderer
from governance.api.views.profiles import ProfileViewSet
from governance.errors import Forbidden, NotFound, Refused
from governance.models import RoutingProfile

_RENDERERS: Final = {"json": JSONRenderer, "yaml": YAMLRenderer}
_LISTING: Final = "admin:governance_routingprofile_changelist"


class ExchangeAdmin(SwitchAdmin):
    """Export, import, and duplicate."""

    actions_list = ("export_profiles", "import_profiles")
    actions_detail = ("duplicate",)

    @action(gettext_lazy("Export"), url_path="export", permissions=("view",))
    def export_profiles(self, request: HttpRequest) -> HttpResponse:
        """The API's own answer, as a file."""
        form = "yaml" if request.GET.get("as") == "yaml" else "json"
        named = "configuration" if request.GET.get("everything") == "true" else "routing-profiles"
        view = ProfileViewSet.as_view({"get": "export"}, renderer_classes=[_RENDERERS[form]])
        answer: HttpResponse = view(request)
        if answer.status_code == 200:
            answer["Content-Disposition"] = f'attachment; filename="{named}.{form}"'
        return answer

    @action(gettext_lazy("Import"), url_path="import", permissions=("add", "change", "delete"))
    def import_profiles(self, request: HttpRequest) -> HttpResponse:
        """Asks for a document, shows the plan, and does it when that is confirmed."""
        if request.method != "POST":
            return self._page(request, import_plan.ImportForm())
        if "plan" in request.POST:
            return self._apply(request, request.POST["plan"])
        form = import_plan.ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form)
        try:
            return self._plan(request, form, form.given())
        except Refused as refused:
            return self._page(request, form, refused=refused)

    @action(gettext_lazy("Duplicate"), url_path="duplicate", permissions=("view", "duplicate"))
    def duplicate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Opens the form to add a profile with a copy in it: saving it is up to the operator."""
        try:
            services.find_profile(object_id)
        except NotFound:
            return self.missing(request, object_id)
        query = QueryDict(mutable=True)
        query[duplicate.PARAMETER] = object_id
        add = reverse("admin:governance_routingprofile_add")
        return HttpResponseRedirect(f"{add}?{query.urlencode()}")

    def has_duplicate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """A method of its own: the theme asks with an id, and a dotted permission would have its
        check read the database, which a new installation has not got yet."""
        return bool(self.has_add_permission(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """An address that names nothing to copy must not pass for an empty form."""
        wanted = request.GET.get(duplicate.PARAMETER) if request.method == "GET" else None
        asked = object_id is None and wanted and self.has_duplicate_permission(request)
        if asked and duplicate.copied_in(request) is None:
            return self.missing(request, str(wanted))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        row = duplicate.copied_in(request)
        if row is None:
            return dict(super().get_changeform_initial_data(request))
        others = list(RoutingProfile.objects.values_list("name", "virtual_provider"))
        names, virtual_providers = zip(*others, strict=True)
        return duplicate.profile_initial(row, names, virtual_providers)

    def get_formset_kwargs(
        self, request: HttpRequest, obj: Any, inline: Any, prefix: str
    ) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        row = duplicate.copied_in(request) if obj is None or obj._state.adding else None
        if row is not None:
            kwargs["initial"] = [duplicate.target_initial(one) for one in row.ordered_targets()]
        return kwargs

    def _plan(
        self, request: HttpRequest, form: import_plan.ImportForm, given: import_plan.Imported
    ) -> HttpResponse:
        lacking = services.lacking_rights(given.rows, request.user.has_perms, given.mode)
        if lacking:
            raise Forbidden(lacking)
        plan = import_plan.plan(given, _importer(request))
        changed = [(one, unified(one.before, one.after)) for one in plan.changed]
        return self._page(request, form, plan=plan, changed=changed)

    def _apply(self, request: HttpRequest, token: str) -> HttpResponse:
        form = import_plan.ImportForm()
        try:
            outcome = import_plan.apply(token, _importer(request), request.user.has_perms)
        except import_plan.Stale as stale:
            messages.warning(
                request,
                gettext(
                    "Nothing was changed yet. Someone saved something since the plan was "
                    "shown: this is the plan as things stand now."
                ),
            )
            try:
                return self._plan(request, form, stale.given)
            except Refused as refused:
                return self._page(request, form, refused=refused)
        except Refused as refused:
            return self._page(request, form, refused=refused)
        for warning in outcome.warnings:
            messages.warning(request, f"{warning.path}: {warning.message}")
        messages.success(request, outcome.words)
        return HttpResponseRedirect(reverse(_LISTING))

    def _page(
        self, request: HttpRequest, form: import_plan.ImportForm, **context: Any
    ) -> TemplateResponse:
        return TemplateResponse(
            request,
            "console/profiles/import.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Import"),
                "content_title": gettext("Import"),
                "form": form,
                **context,
            },
        )


def _importer(request: HttpRequest) -> services.Importer:
    return services.Importer(
        who(request),
        request.user.has_perm("governance.set_credentials"),
        services.maker_of(request.user),
    )
