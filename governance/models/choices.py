"""Choices of fields whose labels are said where Django is not known."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


def told(choices: Iterable[tuple[str, str]]) -> list[tuple[str, str | Promise]]:
    """Each label in the language of whoever looks; an empty one stays empty."""
    return [(value, gettext_lazy(label) if label else label) for value, label in choices]
