"""Every endpoint there is: the modules of this package that have an `ENDPOINT`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from governance.routing.request import RoutingRequest
from inference import endpoints
from inference.endpoints.endpoint import Endpoint
from inference.translate.registry import register_caller
from inference.translate.registry import translator_for as translator_for

_ORDER: Final = ("chat", "messages", "responses", "completions", "embeddings")
"""How lists for people begin; an endpoint that is not among these follows, by its path."""


def discovered() -> tuple[Endpoint, ...]:
    """The endpoints of the package's modules, chat first."""
    names = (module.name for module in pkgutil.iter_modules(endpoints.__path__))
    modules = (importlib.import_module(f"{endpoints.__name__}.{name}") for name in names)
    found = [module.ENDPOINT for module in modules if hasattr(module, "ENDPOINT")]
    return tuple(sorted(found, key=_place))


def _place(endpoint: Endpoint) -> tuple[int, str]:
    known = endpoint.request_type in _ORDER
    return (_ORDER.index(endpoint.request_type) if known else len(_ORDER), endpoint.path)


ENDPOINTS: Final = discovered()
BY_REQUEST_TYPE: Final = {endpoint.request_type: endpoint for endpoint in ENDPOINTS}
for _endpoint in ENDPOINTS:
    register_caller(_endpoint.request_type, _endpoint.caller)


def simulated_request(document: Mapping[str, Any]) -> RoutingRequest:
    """The routing request of a simulation's document, by the parser that live traffic passes.

    `request_type` beside the request's own fields says its kind. What is detected in a rehearsal
    is what would be detected in earnest. Raises `BadRequest` naming the field.
    """
    request = {name: value for name, value in document.items() if name != "request_type"}
    endpoint = BY_REQUEST_TYPE[document.get("request_type", "chat")]
    return endpoint.parse(msgspec.json.encode(request), {}).ask
