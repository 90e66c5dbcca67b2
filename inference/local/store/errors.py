"""What keeps a model from being added or removed."""

from __future__ import annotations


class CannotAdd(Exception):
    """Nothing was added; the message says why and what to do, for operators."""
