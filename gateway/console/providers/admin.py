"""Providers: where requests can go, and the secrets that open the door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from gateway.console.forms.service_admin import ServiceAdmin, cloud_routing, who
from gateway.console.monitoring.condition import condition
from gateway.console.monitoring.process_health import current_health
from gateway.console.monitoring.troubles import recent_attempts
from gateway.console.providers.connection_health import rendered_health
from gateway.console.providers.form import ProviderForm
from gateway.console.providers.known_facts import rendered_facts
from gateway.console.providers.override import rendered_override
from gateway.console.providers.presets import groups
from gateway.console.providers.repairs import rendered_repairs
from gateway.console.theme.admin_classes import display
from governance import services, snapshot
from governance.models import Provider
from governance.models.provider import TIMEOUTS
from governance.routing.fields import Problem
from governance.routing.overrides import override_of

SET_CREDENTIALS = "governance.set_credentials"
CREDENTIAL = gettext_lazy("Credential")
RENAMING = gettext_lazy("Renaming")
CREDENTIALS = {
    "set": gettext_lazy("set"),
    "none": gettext_lazy("none"),
    "unreadable": gettext_lazy("unreadable"),
}
HEALTH = {
    "drained": "danger",
    "forced_open": "warning",
    "forced_closed": "info",
    "recovering": "info",
    "refused": "danger",
    "failing": "danger",
    "cooling_down": "warning",
    "on_trial": "warning",
    "limited": "warning",
    "saturated": "info",
    "some_failures": "warning",
    "answering": "success",
    "unknown": "default",
}
"""Tones of conditions."""


@admin.register(Provider)
class ProviderAdmin(ServiceAdmin):
    audited_as = "provider"
    form = ProviderForm
    list_display = (
        "name",
        "kind",
        "where",
        "credential_listed",
        "default_model",
        "health",
        "state",
    )
    list_filter = ("kind", "is_local", "enabled")
    search_fields = ("name", "base_url", "default_model")
    empty_title = gettext_lazy("There is no provider yet")
    empty_text = gettext_lazy(
        "A provider is a place that answers requests: the engine on this machine, a "
        "cloud, or a server of your own such as LM Studio, Ollama or vLLM. Add one, "
        "then a routing profile."
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "kind"),
                    "base_url",
                    ("enabled", "is_local", "is_default"),
                )
            },
        ),
        (CREDENTIAL, {"fields": (("api_key", "clear_api_key"), "extra_headers")}),
        (
            gettext_lazy("Models"),
            {
                "fields": (
                    "default_model",
                    "models",
                    "responses_models",
                    "capabilities",
                    "model_facts",
                    "known_facts",
                )
            },
        ),
        (gettext_lazy("Limits"), {"fields": (TIMEOUTS, "max_concurrency")}),
        (
            RENAMING,
            {"classes": ("collapse",), "fields": ("used_by", "rename_in_targets")},
        ),
    )
    readonly_fields = ("used_by", "credential_shown", "known_facts")
    change_form_outer_before_template = "console/providers/before.html"
    change_form_outer_after_template = "console/providers/checks.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may not set credentials sees whether there is one, and no more."""
        found = dict(super().get_fieldsets(request, obj))
        changing = self.has_change_permission(request, obj)
        if not obj:
            del found[RENAMING]
            # There is none to clear yet.
            found[CREDENTIAL] = {"fields": ("api_key", "extra_headers")}
        elif not changing:
            found[RENAMING] = {"fields": ("used_by",)}
        if not request.user.has_perm(SET_CREDENTIALS) or (obj and not changing):
            found[CREDENTIAL] = {"fields": ("credential_shown",)}
        return list(found.items())

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.credentials = request.user.has_perm(SET_CREDENTIALS)
        return form

    def page_context(self, request: HttpRequest, row: Provider | None) -> dict[str, Any]:
        """Presets to begin a new one with; the health of one that is saved."""
        if row is None:
            return {"preset_groups": groups()}
        return {
            "health": rendered_health(request, row),
            "override": rendered_override(request, row),
            "repairs": rendered_repairs(request, row),
        }

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        document, expected = self.resolved(request, form, form.document())
        saved = services.save_provider(
            document,
            who=who(request),
            existing=form.existing,
            rename_in_targets=bool(form.cleaned_data.get("rename_in_targets")),
            credentials=form.credentials,
            expected=expected,
        )
        form.instance.pk = services.find_provider(saved.document["name"]).pk
        return saved.warnings

    def remove(self, request: HttpRequest, row: Provider) -> None:
        # Whoever confirmed was told who uses it: see `get_deleted_objects`.
        services.delete_provider(row.name, who=who(request), force=True)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Tells which profiles use what is to be deleted."""
        to_delete, counts, missing, protected = super().get_deleted_objects(objs, request)
        for row in objs:
            users = services.profiles_naming(row.name)
            if users:
                to_delete.append(
                    gettext(
                        "In use: the routing profiles %(listed)s name “%(name)s”. Their "
                        "targets stay and are skipped as not configured."
                    )
                    % {"listed": ", ".join(users), "name": row.name}
                )
        return to_delete, counts, missing, protected

    def warnings(self, request: HttpRequest) -> list[str]:
        found = []
        rows = list(Provider.objects.all())
        if rows and not any(row.is_default and row.enabled for row in rows):
            found.append(
                gettext(
                    "No enabled provider is marked as default: requests that name no "
                    "model may find no way."
                )
            )
        if not cloud_routing() and any(row.enabled and not row.is_local for row in rows):
            found.append(
                gettext("Cloud routing is off: providers that are not local get no request.")
            )
        lost = [row.name for row in rows if row.credential == "unreadable"]
        if lost:
            found.append(
                gettext(
                    "The credentials of %(listed)s cannot be read: no key of "
                    "POINTSMAN_ENCRYPTION_KEYS opens them. Set them anew, or bring the "
                    "key back."
                )
                % {"listed": ", ".join(lost)}
            )
        return found

    @display(
        gettext_lazy("Where"), ordering="is_local", label={"local": "success", "cloud": "info"}
    )
    def where(self, row: Provider) -> tuple[str, str]:
        return ("local", gettext("local")) if row.is_local else ("cloud", gettext("cloud"))

    @display(
        gettext_lazy("Credential"),
        label={"set": "success", "none": "default", "unreadable": "danger"},
    )
    def credential_listed(self, row: Provider) -> tuple[str, str | Promise]:
        return row.credential, CREDENTIALS[row.credential]

    @admin.display(description=CREDENTIAL)
    def credential_shown(self, row: Provider) -> str:
        return str(CREDENTIALS[row.credential])

    @display(
        gettext_lazy("State"),
        ordering="enabled",
        label={"enabled": "success", "default": "success", "disabled": "default"},
    )
    def state(self, row: Provider) -> tuple[str, str]:
        if not row.enabled:
            return "disabled", gettext("disabled")
        if row.is_default:
            return "default", gettext("default")
        return "enabled", gettext("enabled")

    @display(gettext_lazy("Health"), label=HEALTH)
    def health(self, row: Any) -> tuple[str, str | Promise]:
        return row.condition.code, row.condition.words

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Gives every row its condition: the log is read once, the process is asked once."""
        listing = super().get_changelist_instance(request)
        recent = {one.provider.casefold(): one for one in recent_attempts(timezone.now())}
        known, overrides = current_health(), snapshot.current().overrides
        for row in listing.result_list:
            key = row.name.casefold()
            override = override_of(overrides, key, "")
            row.condition = condition(recent.get(key), known.get(key), override)
        return listing

    @admin.display(description=gettext_lazy("Used by"))
    def used_by(self, row: Provider) -> str:
        return ", ".join(services.profiles_naming(row.name)) or gettext(
            "No routing profile names it."
        )

    @admin.display(description=gettext_lazy("What is known"))
    def known_facts(self, row: Provider) -> SafeString:
        return rendered_facts(row)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        return super().get_queryset(request).order_by("name")
