"""Model mappings: what the model names that clients hard-code stand for here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from governance.routing.table import ModelMappingEntry

MATCHES: Final = ("exact", "prefix", "regex")

Test = Callable[[str], bool]


def compile_test(mapping: ModelMappingEntry, compile_regex: Callable[[str], Test]) -> Test:
    """The test of one mapping; exact and prefix ignore case, a regex says for itself.

    `compile_regex` brings a linear-time engine, since operators write the patterns and callers
    the names; whatever it raises for a bad pattern passes through.
    """
    if mapping.match == "regex":
        return compile_regex(mapping.pattern)
    pattern = mapping.pattern.casefold()
    if mapping.match == "prefix":
        return lambda model: model.casefold().startswith(pattern)
    return lambda model: model.casefold() == pattern


def matches(mapping: ModelMappingEntry, model: str) -> bool:
    """Whether the mapping is in force and stands for the model; uncompiled ones match nothing."""
    return mapping.enabled and mapping.test is not None and mapping.test(model)
