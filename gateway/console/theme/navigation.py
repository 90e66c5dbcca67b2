"""The admin's side bar and header: own pages, then the rows that are there to be edited."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy

PAGES: Final = (
    (gettext_lazy("Dashboard"), "monitoring", "admin:index", ""),
    (gettext_lazy("Playground"), "forum", "console:playground", "gateway.use_playground"),
    (gettext_lazy("Usage"), "payments", "console:usage", ""),
    (gettext_lazy("My keys"), "vpn_key", "console:own-keys", ""),
    (gettext_lazy("Local engine"), "memory", "console:engine", "gateway.view_engine"),
    (
        gettext_lazy("Import and export"),
        "import_export",
        "console:exchange",
        "governance.view_routingprofile",
    ),
    (gettext_lazy("Sessions"), "devices", "console:sessions", ""),
    (gettext_lazy("Passkeys, two-factor"), "lock", "two-factor", ""),
)
"""Title, icon, name of the path, permission."""

SECTIONS: Final = {
    gettext_lazy("Routing"): {
        "governance.routingprofile": "alt_route",
        "governance.provider": "dns",
        "governance.heuristicrule": "rule",
        "governance.modelmapping": "swap_horiz",
    },
    gettext_lazy("Budgets"): {
        "governance.group": "account_tree",
        "governance.limit": "speed",
        "governance.modelprice": "sell",
        "governance.alertrule": "notifications",
    },
    gettext_lazy("Records"): {
        "governance.interaction": "receipt_long",
        "governance.revision": "history",
        "governance.auditentry": "policy",
    },
    gettext_lazy("Access"): {
        "governance.apikey": "key",
        "governance.keyallowance": "approval",
        "auth.user": "person",
        "auth.group": "group",
    },
}
"""Models in their order, with their icons; those without a page in the admin are left out."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the side bar that this user may open."""
    pages = [
        {"title": title, "icon": icon, "link": reverse(path)}
        for title, icon, path, permission in PAGES
        if not permission or request.user.has_perm(permission)
    ]
    groups: list[dict[str, Any]] = [{"title": "", "items": pages}]
    viewable = _viewable(request)
    for title, models in SECTIONS.items():
        items = [
            {"title": viewable[label]["name"], "icon": icon, "link": viewable[label]["admin_url"]}
            for label, icon in models.items()
            if label in viewable
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def cloud_state(request: HttpRequest) -> list[str]:
    """Whether requests may leave the machine, for the label in the header of every page."""
    if settings.ENABLE_CLOUD_ROUTING:
        return [gettext("Cloud routing on"), "info"]
    return [gettext("Cloud routing off"), "default"]


def _viewable(request: HttpRequest) -> dict[str, dict[str, Any]]:
    """What Django's own list of pages holds for this user, by label."""
    return {
        model["model"]._meta.label_lower: model
        for app in admin.site.get_app_list(request)
        for model in app["models"]
        if model.get("admin_url")
    }
