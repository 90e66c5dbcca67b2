"""Sentences for people where nothing but the standard library is known.

`gettext` and `ngettext` are those of Django once its applications are there, which say them in the
language of whoever looks at a page; without Django they are English. Programs never ask for another
language, so what the API answers and what is recorded stays as it is written here.
"""

from __future__ import annotations

from collections.abc import Callable


class _Translator:
    """Where Django's functions are put when they are there."""

    one: Callable[[str], str] = staticmethod(str)
    several: Callable[[str, str, int], str] | None = None


def use(one: Callable[[str], str], several: Callable[[str, str, int], str]) -> None:
    """From now on sentences are told by these."""
    _Translator.one = staticmethod(one)
    _Translator.several = staticmethod(several)


def gettext(message: str) -> str:
    """The sentence in the language of whoever looks."""
    return _Translator.one(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The same for what is counted."""
    if _Translator.several is not None:
        return _Translator.several(singular, plural, number)
    return singular if number == 1 else plural


def gettext_noop(message: str) -> str:
    """Marks a text that is translated where it is shown."""
    return message
