"""The words of the pages' scripts, in the language of whoever looks: `gettext` there."""

from __future__ import annotations

from typing import Final

from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

SECONDS: Final = 3600
"""How long a browser keeps them."""

show = cache_control(max_age=SECONDS, private=True)(
    JavaScriptCatalog.as_view(packages=["gateway", "governance"])
)
