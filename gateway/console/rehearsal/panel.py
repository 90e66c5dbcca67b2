"""The panel beside a profile's form, hung there by the gateway: governance does not know it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin

from governance.models import RoutingProfile

TEMPLATE: Final = "console/rehearsal/panel.html"


def attach() -> None:
    """Puts the panel on the page of every profile."""
    page: Any = admin.site.get_model_admin(RoutingProfile)
    page.change_form_outer_after_template = TEMPLATE
