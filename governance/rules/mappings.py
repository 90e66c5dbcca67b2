"""What a model mapping must keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import re2

from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.mappings import MATCHES
from governance.routing.target_rules import PRIORITY_RANGE

MAPPING_FIELDS: Final = ("id", "pattern", "match", "destination", "priority", "enabled")

_OPTIONS = re2.Options()
_OPTIONS.max_mem = 1 << 20
_OPTIONS.log_errors = False


def compile_regex(pattern: str) -> Callable[[str], bool]:
    """A test of whether the whole model name matches; RE2, so it takes linear time.

    Raises `re2.error`.
    """
    fullmatch = re2.compile(pattern, _OPTIONS).fullmatch

    def test(model: str) -> bool:
        try:
            return fullmatch(model) is not None
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell
            return False

    return test


def mapping_problems(document: object, *, others: Iterable[tuple[str, str]] = ()) -> list[Problem]:
    """Every rule the mapping breaks; `others` are match and pattern of the other ones."""
    if not isinstance(document, Mapping):
        message = f"A model mapping must be an object, not {kind_of(document)}."
        return [Problem("", "type", message)]
    fields = Fields(document)
    pattern = fields.text("pattern", required=True)
    match = fields.choice("match", MATCHES, default="exact")
    fields.text("destination", required=True)
    fields.number("priority", *PRIORITY_RANGE, integer=True)
    fields.flag("enabled", default=True)
    if pattern and match == "regex":
        try:
            compile_regex(pattern)
        except re2.error as error:
            fields.note("pattern", "regex", f"pattern is no regular expression: {_said(error)}.")
    if pattern and _key(match, pattern) in {_key(*other) for other in others}:
        fields.note("pattern", "unique", f'Another {match} mapping has the pattern "{pattern}".')
    return fields.found


def _key(match: str, pattern: str) -> tuple[str, str]:
    return match, pattern if match == "regex" else pattern.casefold()


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else "it cannot be compiled"
    return (text.decode() if isinstance(text, bytes) else str(text)).rstrip(".")


def unknown_mapping_fields(document: Mapping[str, object]) -> list[Problem]:
    """A warning for each field of a model mapping that this service does not know."""
    fields = Fields(document)
    fields.unknown(MAPPING_FIELDS, "A model mapping")
    return fields.found
