"""Which target can take a request, by the modalities and features both declare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.routing.vocabulary import FEATURES, MODALITIES

_MODALITIES: Final = frozenset(MODALITIES)
_FEATURES: Final = frozenset(FEATURES)
_TEXT: Final = frozenset({"text"})
_VISION: Final = frozenset({"vision"})
_NOTHING: Final[frozenset[str]] = frozenset()


def binding_features(declared: Iterable[frozenset[str]]) -> frozenset[str]:
    """The features that some enabled target declares: only those count as requirements.

    Where nobody declares `tools`, a request with tools goes to whoever takes it.
    """
    return _FEATURES.intersection(_NOTHING.union(*declared))


def missing(
    required_capabilities: frozenset[str],
    declared: frozenset[str],
    binding: frozenset[str] = _NOTHING,
) -> frozenset[str]:
    """What a request needs and a target that declares `declared` lacks; empty when it fits.

    - Who declares nothing takes everything.
    - Every modality needed must be declared, but `text` is implied by any declaration.
    - A target whose only modality is `vision` is a specialist: it lacks `text` for requests that
      do not need `vision`.
    - Features needed must be declared if they are `binding`.
    """
    if not declared:
        return _NOTHING
    modalities = declared & _MODALITIES
    lacks = (required_capabilities & _MODALITIES) - modalities - _TEXT
    if modalities == _VISION and "vision" not in required_capabilities:
        lacks |= _TEXT
    return lacks | ((required_capabilities & binding) - declared)


def estimated_tokens(characters: int) -> int:
    """Prompt tokens guessed from characters: a quarter of them, rounded up."""
    return -(-characters // 4)
