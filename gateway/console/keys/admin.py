"""API keys: what callers may do. A key is shown once, by the page that answers its creation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext
from unfold.widgets import (
    UnfoldAdminSplitDateTimeWidget,
    UnfoldBooleanSwitchWidget,
)

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, ChoicesField, LinesField, TextField
from gateway.console.forms.profiles_field import ProfilesField
from gateway.console.forms.service_admin import ServiceAdmin, who
from gateway.console.keys import once
from gateway.console.keys.snippets import snippets
from gateway.console.keys.use import use_of
from gateway.console.theme.admin_classes import display
from gateway.console.theme.page import page
from governance import services, snapshot
from governance.errors import NotFound, Refused
from governance.json_values import moment
from governance.models import ApiKey, Group
from governance.models.api_key import SCOPES
from governance.models.choices import told
from governance.routing import fallback_modes
from governance.routing.fields import Problem
from governance.routing.names import listed_models
from governance.services.keys import save_problems

THE_KEY = gettext_lazy("Key")
STATES = {
    "active": gettext_lazy("active"),
    "disabled": gettext_lazy("disabled"),
    "expired": gettext_lazy("expired"),
}
_CHANGE = "admin:governance_apikey_change"


class KeyForm(DocumentForm):
    name = TextField(label=gettext_lazy("Name"), help_text=gettext_lazy("Who or what uses it."))
    owner = TextField(
        label=gettext_lazy("Owner"),
        help_text=gettext_lazy("Name of a user; blank means nobody in particular."),
    )
    scopes = ChoicesField(SCOPES, label=gettext_lazy("Permissions"))
    confined_to = ProfilesField(
        label=gettext_lazy("Confined to"),
        help_text=gettext_lazy(
            "The only routing profiles it may use: a hint or a model that leads elsewhere "
            "is refused. None: everywhere."
        ),
    )
    addresses = LinesField(
        label=gettext_lazy("Only from"),
        rows=2,
        help_text=gettext_lazy("Addresses or networks, as 10.0.0.0/8, a line each."),
    )
    endpoints = LinesField(
        label=gettext_lazy("Only on"),
        rows=2,
        help_text=gettext_lazy("Paths, as /v1/embeddings, a line each."),
    )
    priority = ChoiceField(
        [
            ("high", gettext_lazy("High")),
            ("normal", gettext_lazy("Normal")),
            ("low", gettext_lazy("Low")),
        ],
        label=gettext_lazy("Priority"),
        help_text=gettext_lazy("Place in the local engine's queue."),
    )
    local_fallback = ChoiceField(
        told(fallback_modes.CHOICES),
        label=gettext_lazy("If all targets fail"),
    )

    class Meta:
        model = ApiKey
        fields = (
            "name",
            "scopes",
            "routing_profile",
            "group",
            "owner",
            "confined_to",
            "addresses",
            "endpoints",
            "priority",
            "local_fallback",
            "local_only",
            "enabled",
            "expires_at",
        )
        widgets = {
            "local_only": UnfoldBooleanSwitchWidget(),
            "enabled": UnfoldBooleanSwitchWidget(),
            "expires_at": UnfoldAdminSplitDateTimeWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: str | None = None if self.instance._state.adding else self.instance.pk

    def document(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        profile = data.get("routing_profile")
        data["routing_profile"] = profile.pk if profile else ""
        group = data.get("group")
        data["group"] = group.pk if group else ""
        data["expires_at"] = moment(data.get("expires_at"))
        return data

    def problems(self) -> Iterable[Problem]:
        return save_problems(self.document())


@admin.register(ApiKey)
class KeyAdmin(ServiceAdmin):
    audited_as = "API key"
    form = KeyForm
    list_display = (
        "name",
        "prefix_shown",
        "group",
        "scope_list",
        "routing_profile",
        "state_shown",
        "used",
    )
    list_select_related = ("routing_profile", "group")
    autocomplete_fields = ("routing_profile", "group")
    list_filter = ("enabled", "priority", "local_only")
    search_fields = ("id", "name", "prefix")
    empty_title = gettext_lazy("There is no API key yet")
    empty_text = gettext_lazy(
        "Callers need one for every request. It is shown once, when it is made."
    )
    fieldsets = (
        (None, {"fields": (("name", "enabled"), ("group", "owner"), "scopes", "expires_at")}),
        (
            gettext_lazy("Routing"),
            {
                "fields": (
                    ("routing_profile", "priority"),
                    "confined_to",
                    ("local_fallback", "local_only"),
                    ("addresses", "endpoints"),
                )
            },
        ),
        (
            THE_KEY,
            {
                "fields": (
                    ("id", "prefix_shown"),
                    ("created_at", "last_used_at"),
                    ("last_used_address", "last_used_client"),
                )
            },
        ),
    )
    readonly_fields = (
        *("id", "prefix_shown", "created_at", "last_used_at"),
        *("last_used_address", "last_used_client"),
    )
    change_form_before_template = "console/keys/before.html"
    change_form_outer_after_template = "console/keys/after.html"
    actions = ("enable_keys", "disable_keys", "expire_keys", "move_keys")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What nearly every key is for."""
        return {"scopes": ["inference"], **super().get_changeform_initial_data(request)}

    def page_context(self, request: HttpRequest, row: ApiKey | None) -> dict[str, Any]:
        mark = request.POST.get(once.FIELD) or once.new_mark()
        if row is None:
            return {"once": mark}
        return {"once": mark, "use": use_of(row.pk), **self._snippets(request, row)}

    def get_urls(self) -> list[Any]:
        rotate = self.admin_site.admin_view(self.rotate_view)
        path_ = path("<path:object_id>/rotate/", rotate, name="governance_apikey_rotate")
        return [path_, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page that shows a key was reloaded, or went back to and sent again."""
        if object_id is None and request.method == "POST" and (made := once.made_before(request)):
            return self._made_before(request, made)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def rotate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if made := once.made_before(request):
            return self._made_before(request, made)
        maker = services.maker_of(request.user)
        try:
            saved, secret = services.rotate_key(
                object_id, who=who(request), maker=maker, grace=_grace(request)
            )
        except NotFound:
            return self.missing(request, object_id)
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse(_CHANGE, args=(object_id,)))
        row = services.find_key(saved.document["id"])
        return self._shown_once(request, row, secret, rotated=True)

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable_keys(self, request: HttpRequest, rows: Any) -> None:
        self._together(request, rows, {"enabled": True})

    @admin.action(description=gettext_lazy("Disable"), permissions=["change"])
    def disable_keys(self, request: HttpRequest, rows: Any) -> None:
        self._together(request, rows, {"enabled": False})

    @admin.action(description=gettext_lazy("Expire now"), permissions=["change"])
    def expire_keys(self, request: HttpRequest, rows: Any) -> None:
        self._together(request, rows, {"expires_at": moment(timezone.now())})

    @admin.action(description=gettext_lazy("Move to a group …"), permissions=["change"])
    def move_keys(self, request: HttpRequest, rows: Any) -> HttpResponse | None:
        """Asks for the group, then moves them."""
        if "group" in request.POST:
            self._together(request, rows, {"group": request.POST["group"]})
            return None
        return page(
            request,
            "console/keys/move.html",
            gettext("Move keys to a group"),
            opts=self.opts,
            keys=list(rows.values("pk", "name")),
            groups=Group.objects.all(),
        )

    def _together(self, request: HttpRequest, rows: Any, document: dict[str, Any]) -> None:
        keys = list(rows.values_list("pk", flat=True))
        maker = services.maker_of(request.user)
        try:
            count = services.update_keys(keys, document, who=who(request), maker=maker)
        except Refused as refused:
            messages.error(request, gettext("Nothing was changed. %(why)s") % {"why": refused})
            return
        text = ngettext("%(count)s key was changed.", "%(count)s keys were changed.", count)
        messages.success(request, text % {"count": count})

    def _made_before(self, request: HttpRequest, identity: str) -> HttpResponse:
        messages.warning(
            request,
            gettext(
                "This key was made already, and is shown once only. If it was not copied, rotate "
                "it: that gives it a new secret."
            ),
        )
        if not ApiKey.objects.filter(pk=identity).exists():
            return HttpResponseRedirect(reverse("admin:governance_apikey_changelist"))
        return HttpResponseRedirect(reverse(_CHANGE, args=(identity,)))

    def _snippets(self, request: HttpRequest, row: ApiKey, secret: str = "") -> dict[str, Any]:
        base_url = request.build_absolute_uri("/").rstrip("/")
        model = _model(row)
        return {
            "base_url": base_url,
            "model": model,
            "snippets": snippets(base_url, model, secret),
        }

    def _shown_once(
        self, request: HttpRequest, row: ApiKey, secret: str, *, rotated: bool = False
    ) -> HttpResponse:
        """The only page that shows the key; nothing keeps it, messages and cookies included."""
        once.remember(request, row.pk)
        answer = page(
            request,
            "console/keys/made.html",
            gettext("The new API key"),
            opts=self.opts,
            key=row,
            secret=secret,
            rotated=rotated,
            **self._snippets(request, row, secret),
        )
        answer["Cache-Control"] = "no-store"
        return answer

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found = super().get_fieldsets(request, obj)
        return found if obj else [one for one in found if one[0] is not THE_KEY]

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        maker = services.maker_of(request.user)
        if form.existing is not None:
            document, expected = self.resolved(request, form, form.document())
            return services.update_key(
                form.existing, document, who=who(request), maker=maker, expected=expected
            ).warnings
        saved, form.instance.secret = services.create_key(
            form.document(), who=who(request), maker=maker
        )
        form.instance.pk = saved.document["id"]
        return saved.warnings

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._shown_once(request, obj, getattr(obj, "secret", ""))

    def remove(self, request: HttpRequest, row: ApiKey) -> None:
        services.delete_key(row.pk, who=who(request))

    @display(gettext_lazy("Key prefix"))
    def prefix_shown(self, row: ApiKey) -> str:
        return f"{row.prefix}…"

    @display(gettext_lazy("Permissions"))
    def scope_list(self, row: ApiKey) -> str:
        return ", ".join(row.scopes)

    @display(
        gettext_lazy("State"),
        label={"active": "success", "disabled": "default", "expired": "warning"},
    )
    def state_shown(self, row: ApiKey) -> tuple[str, str | Promise]:
        return row.state, STATES[row.state]

    @display(gettext_lazy("Last used"), ordering="last_used_at", empty_value=gettext_lazy("never"))
    def used(self, row: ApiKey) -> Any:
        return row.last_used_at


def _model(row: ApiKey) -> str:
    """A model that the key may ask for, for the examples."""
    table = snapshot.current()
    found = next((one for one in table.virtual_keys.values() if one.id == row.pk), None)
    names = [one.id for one in listed_models(table, found)] if found is not None else []
    return names[0] if names else "auto"


def _grace(request: HttpRequest) -> timedelta:
    """For how long the secret a key has stays good; not at all where nothing sensible is said."""
    hours = request.POST.get("grace_hours", "")
    return timedelta(hours=int(hours) if hours in ("1", "24") else 0)
