"""What Django's system checks say about the installation, at `up` and at `manage.py check`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

INSTALLATION: Final = "installation"
"""The tag of what an operator can mend. All else that Django checks is our code, which is the same
at every start: `manage.py check` and the tests look at that."""


@register(INSTALLATION)
def unknown_variables(
    app_configs: Sequence[AppConfig] | None = None, **options: Any
) -> list[CheckMessage]:
    """Misspelt `POINTSMAN_*` variables, which would otherwise do nothing in silence."""
    return [Warning(sentence, id="pointsman.W001") for sentence in settings.ENVIRONMENT.unread()]
