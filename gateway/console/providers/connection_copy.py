"""Models that a provider lists, and those ticked among them as targets of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from gateway.console.forms.service_admin import who
from gateway.console.targets.row_state import RowStates
from gateway.console.theme.page import console_view, page
from governance import services
from governance.errors import Invalid, Refused
from governance.models import Provider, RoutingProfile
from governance.routing.fields import Problem

NEW: Final = "/new"
"""Stands for a profile yet to be made; no id holds a slash."""
ADD: Final = "governance.add_routingprofile"
CHANGE: Final = "governance.change_routingprofile"
SEPARATOR: Final = "\n"
"""Between listed models in one field of the form: each a field of its own would be too many."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where the ticked models are to go, as it was chosen."""

    profile: str = ""
    name: str = ""
    virtual_provider: str = ""
    aliases: bool = False
    enabled: bool = True

    @classmethod
    def of(cls, posted: QueryDict) -> Wish:
        return cls(
            profile=posted.get("profile", ""),
            name=posted.get("name", "").strip(),
            virtual_provider=posted.get("virtual_provider", "").strip(),
            aliases=posted.get("aliases") == "own",
            enabled="enabled" in posted,
        )

    @property
    def permission(self) -> str:
        return ADD if self.profile == NEW else CHANGE

    @property
    def target(self) -> str | Mapping[str, Any]:
        """As `services.add_models` takes it. Raises `Invalid` when nothing was chosen."""
        if not self.profile:
            raise Invalid(Problem("profile", "required", gettext("Choose a routing profile.")))
        if self.profile == NEW:
            return {"name": self.name, "virtual_provider": self.virtual_provider}
        return self.profile


def models_page(
    request: HttpRequest,
    row: Provider,
    listed: Iterable[str],
    *,
    ticked: Iterable[str],
    wish: Wish | None = None,
    refused: Refused | None = None,
) -> HttpResponse:
    """What the provider lists, with the two things that can be done with those ticked.

    What is ticked and not listed stands there too, so that keeping the rest does not lose it.
    """
    names, chosen = list(listed), list(ticked)
    user, facts = request.user, RowStates().facts
    profiles = RoutingProfile.objects.values_list("pk", "name") if user.has_perm(CHANGE) else ()
    errors = refused.by_field() if refused is not None else {}
    at_models = {name: errors.pop(f"models.{name}", []) for name in [*names, *chosen]}
    return page(
        request,
        "console/providers/models.html",
        gettext("Models of %(name)s") % {"name": row.name},
        provider=row,
        names=[(name, name in chosen, at_models[name], facts(row.name, name)) for name in names],
        gone=[(name, at_models[name]) for name in chosen if name not in names],
        listed=SEPARATOR.join(names),
        profiles=profiles,
        may_add=user.has_perm(ADD),
        may_copy=bool(profiles) or user.has_perm(ADD),
        wish=wish or Wish(),
        new=NEW,
        profile_errors=errors.pop("profile", []),
        name_errors=errors.pop("name", []),
        virtual_provider_errors=errors.pop("virtual_provider", []),
        errors=[message for messages in errors.values() for message in messages],
        refused=refused is not None,
    )


@require_POST
@console_view("governance.change_provider")
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """The ticked models become targets of the profile chosen: all of them, or none.

    What is refused comes back as it was filled in, without asking the provider again.
    """
    row = get_object_or_404(Provider, pk=pk)
    wish, ticked = Wish.of(request.POST), request.POST.getlist("models")
    if not request.user.has_perm(wish.permission):
        messages.error(request, gettext("You may not change that routing profile."))
        return HttpResponseRedirect(reverse("admin:governance_provider_change", args=(pk,)))
    try:
        added = services.add_models(
            row.name,
            ticked,
            who=who(request),
            profile=wish.target,
            aliases=wish.aliases,
            enabled=wish.enabled,
        )
    except Refused as refused:
        listed = filter(None, request.POST.get("listed", "").splitlines())
        return models_page(request, row, listed, ticked=ticked, wish=wish, refused=refused)
    for warning in added.saved.warnings:
        messages.warning(request, warning.message)
    messages.success(request, _told(row.name, added))
    return HttpResponseRedirect(reverse("admin:governance_provider_change", args=(pk,)))


def _told(provider: str, added: services.Added) -> str:
    """What was done, with the way to the profile."""
    profile, count = added.saved.document, len(added.models)
    link = reverse("admin:governance_routingprofile_change", args=(profile["id"],))
    text = ngettext(
        "{provider}: {count} model is a target of {profile} now.",
        "{provider}: {count} models are targets of {profile} now.",
        count,
    )
    named = format_html('<a class="underline" href="{}">{}</a>', link, profile["name"])
    told = format_html(text, provider=provider, count=count, profile=named)
    if not added.already:
        return told
    there = gettext("Already there: %(names)s.") % {"names": ", ".join(added.already)}
    return format_html("{} {}", told, there)
