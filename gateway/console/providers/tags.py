"""Tags for what stands around a provider's form."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from gateway.console.providers.presets import Groups, groups

register = template.Library()


@register.simple_tag
def presets() -> Groups:
    """Groups of presets under their titles."""
    return groups()


@register.simple_tag(takes_context=True)
def provider_health(context: RequestContext, provider: Any) -> SafeString:
    """The health of a provider as it stands, which the page then keeps up to date."""
    # Django loads libraries of tags before it has loaded the models.
    from gateway.console.providers.connection_health import state

    request = context["request"]
    return render_to_string(
        "console/providers/health_state.html", state(request, provider), request=request
    )
