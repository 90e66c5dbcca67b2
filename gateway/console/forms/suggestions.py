"""Names that complete what is typed into a form."""

from __future__ import annotations

from typing import Any

from governance.models import Provider, RoutingProfile


def provider_suggestions() -> list[dict[str, Any]]:
    """Names of the providers and of the models known to be there."""
    return [
        {"name": name, "models": [*dict.fromkeys([*([default] if default else []), *models])]}
        for name, default, models in Provider.objects.values_list("name", "default_model", "models")
    ]


def profile_suggestions() -> list[str]:
    """Virtual providers of all profiles."""
    return list(RoutingProfile.objects.values_list("virtual_provider", flat=True))
