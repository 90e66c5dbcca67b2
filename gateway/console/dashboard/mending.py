"""What mends the things that need attention: one press, or the page where it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from gateway.console.monitoring.attention import Attention

LABELS: Final[dict[str, tuple[str | Promise, str]]] = {
    "credential_unreadable": (_("Enter the credential"), ""),
    "no_provider": (_("Add a provider"), ""),
    "default_missing": (_("Choose the default"), ""),
    "cloud_only": (_("Open the profile"), ""),
    "no_live_target": (_("Open the profile"), ""),
    "engine_down": (_("Open the engine's page"), ""),
    "provider_failing": (_("Test the connection"), "console:connection-test"),
    "alert": (_("Open the alert"), ""),
    "model_failed": (_("Load it again"), "console:engine-load"),
}
"""What each code's button says, and the path it posts to; none: it leads to the page."""
RIGHTS: Final = {
    "console:connection-test": "governance.change_provider",
    "console:engine-load": "gateway.operate_engine",
}


@dataclass(frozen=True, slots=True)
class Mend:
    """The button beside an item."""

    label: str
    address: str
    posts: bool = False
    model: str = ""
    """What is posted, for a model of the engine."""


def mend(one: Attention, pks: Mapping[str, int], request: HttpRequest) -> Mend | None:
    """None where nothing can be done from here, or not by this user.

    `pks`: those of providers by name.
    """
    label, path = LABELS.get(one.code, ("", ""))
    if not label:
        return None
    if path and request.user.has_perm(RIGHTS[path]):
        provider = pks.get(one.subject) if one.kind == "provider" else None
        if one.kind != "provider" or provider is not None:
            arguments = () if provider is None else (provider,)
            model = one.subject if one.kind == "engine" else ""
            return Mend(str(label), reverse(path, args=arguments), True, model)
    address = _add_provider(request) if one.code == "no_provider" else about(one, pks)
    if path or not address:
        return None
    return Mend(str(label), address)


def about(one: Attention, pks: Mapping[str, int]) -> str:
    """The page of what an item is about, "" where there is none."""
    if one.kind == "engine":
        return _reverse("console:engine")
    if one.kind == "alert":
        return _reverse("admin:governance_alertrule_change", one.subject)
    if one.kind == "profile":
        return _reverse("admin:governance_routingprofile_change", one.subject)
    if one.kind == "provider":
        pk = pks.get(one.subject)
        if pk is not None:
            return _reverse("admin:governance_provider_change", pk)
        return _reverse("admin:governance_provider_changelist")
    return ""


def _add_provider(request: HttpRequest) -> str:
    allowed = request.user.has_perm("governance.add_provider")
    return _reverse("admin:governance_provider_add") if allowed else ""


def _reverse(path: str, *arguments: object) -> str:
    try:
        return reverse(path, args=arguments)
    except NoReverseMatch:
        return ""
