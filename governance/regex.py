"""Regular expressions of operators against names of callers: RE2, which takes linear time."""

from __future__ import annotations

from collections.abc import Callable

import re2
from django.utils.translation import gettext

_OPTIONS = re2.Options()
_OPTIONS.max_mem = 1 << 20
_OPTIONS.log_errors = False


def compile_regex(pattern: str) -> Callable[[str], bool]:
    """A test of whether the whole model name matches. Raises `re2.error`."""
    fullmatch = re2.compile(pattern, _OPTIONS).fullmatch

    def test(model: str) -> bool:
        try:
            return fullmatch(model) is not None
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can spell
            return False

    return test


def complaint(pattern: str) -> str:
    """What is wrong with a pattern, without a full stop; "" when nothing is."""
    try:
        compile_regex(pattern)
    except re2.error as error:
        text = error.args[0] if error.args else gettext("it cannot be compiled")
        return (text.decode() if isinstance(text, bytes) else str(text)).rstrip(".")
    return ""
