"""Tags for what stands around a provider's form."""

from __future__ import annotations

from django import template

from gateway.desk.connection_presets import CLOUDS, LOCAL, Preset

register = template.Library()


@register.simple_tag
def presets() -> tuple[tuple[str, tuple[Preset, ...]], ...]:
    """Groups of presets under their titles."""
    return (("Clouds", CLOUDS), ("On this machine", LOCAL))
