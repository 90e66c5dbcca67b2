"""What both endpoints that hear sound have in common."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HEARD_AT_LEAST: Final[Mapping[str, float]] = MappingProxyType({"audio_seconds": 1.0})
"""How long the sound is nobody knows before it was heard, but it is something."""
