"""What stands around a provider's form, hung there by the gateway: governance does not know it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin

from governance.models import Provider

BEFORE: Final = "console/providers/before.html"
CHECKS: Final = "console/providers/checks.html"


def attach() -> None:
    """Presets above the form of a new provider; health and checks around that of a saved one."""
    page: Any = admin.site.get_model_admin(Provider)
    page.change_form_outer_before_template = BEFORE
    page.change_form_outer_after_template = CHECKS
