"""Finds the translator of a request type and an upstream's protocol.

Endpoints register their caller's half. An upstream's protocol is a folder of this package with a
`protocol` module, whose `PROTOCOLS` name what it speaks.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Callable
from functools import cache

from inference import translate
from inference.translate.base import Translator
from inference.translate.hub import DirectCaller

Protocols = dict[str, Callable[[DirectCaller], Translator]]
"""What a folder gives: for each protocol the function from a caller's half to a translator. It
raises `LookupError` for a caller who cannot be served."""

_callers: dict[str, DirectCaller] = {}


def register_caller(request_type: str, caller: DirectCaller) -> None:
    """Makes a request type known; the last registration counts."""
    if _callers.get(request_type) is not caller:
        _callers[request_type] = caller
        translator_for.cache_clear()


@cache
def translator_for(request_type: str, upstream_protocol: str) -> Translator:
    """The translation between a caller's request type and an upstream's protocol.

    Raises `LookupError` for a combination that does not exist; routing never chooses one, since
    `governance.kinds` says what each kind of provider serves.
    """
    caller = _callers[request_type]
    direct = caller.direct.get(upstream_protocol)
    return direct if direct is not None else protocols()[upstream_protocol](caller)


@cache
def protocols() -> Protocols:
    """Every upstream protocol of the package's folders."""
    found: Protocols = {}
    for module in pkgutil.iter_modules(translate.__path__):
        name = f"{translate.__name__}.{module.name}.protocol"
        if module.ispkg and importlib.util.find_spec(name) is not None:
            found.update(importlib.import_module(name).PROTOCOLS)
    return found
