"""Finds the translator between a caller's half and an upstream's protocol.

An endpoint has its caller's half. An upstream's protocol is a folder of this package with a
`protocol` module, whose `PROTOCOLS` name what it speaks.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Final

from inference import translate
from inference.translate.base import Translator
from inference.translate.hub import CallerSide, DirectCaller, ResumableTranslator

Protocols = dict[str, Callable[[DirectCaller], Translator]]
"""What a folder gives: for each protocol the function from a caller's half to a translator. It
raises `LookupError` for a caller who cannot be served."""


@cache
def translator_between(caller: DirectCaller, upstream_protocol: str) -> Translator:
    """The translation between a caller's half and an upstream's protocol.

    What passes through comes first. Raises `LookupError` for a combination that does not exist.
    """
    direct = caller.direct.get(upstream_protocol)
    return direct if direct is not None else protocols()[upstream_protocol](caller)


class _Halved:
    """A caller's half of whose requests nothing passes through."""

    direct: Final[dict[str, Translator]] = {}

    def __init__(self, caller: CallerSide) -> None:
        self.chat = caller.chat
        self.writer = caller.writer
        self.error = caller.error


@cache
def resumable_between(caller: CallerSide, upstream_protocol: str) -> ResumableTranslator | None:
    """The translation of two halves, also where everything would pass through; None where there
    is no such translation."""
    try:
        found = protocols()[upstream_protocol](_Halved(caller))
    except LookupError:
        return None
    return found if isinstance(found, ResumableTranslator) else None


@cache
def protocols() -> Protocols:
    """Every upstream protocol of the package's folders."""
    found: Protocols = {}
    for module in pkgutil.iter_modules(translate.__path__):
        name = f"{translate.__name__}.{module.name}.protocol"
        if module.ispkg and importlib.util.find_spec(name) is not None:
            found.update(importlib.import_module(name).PROTOCOLS)
    return found
