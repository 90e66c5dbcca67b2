"""Every endpoint there is: the modules of this package that have an `ENDPOINT`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from governance.routing.request import RoutingRequest
from inference.dispatch.output_estimates import bound_of
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import as_form
from inference.translate.base import Translator
from inference.values.session import sticky_session

_ORDER: Final = ("chat", "messages", "responses", "completions", "embeddings")
"""How lists for people begin; an endpoint that is not among these follows, by its path."""


def discover(package: str) -> list[Endpoint]:
    """Registers the endpoints of a package's modules, chat first, and returns them."""
    names = pkgutil.iter_modules(importlib.import_module(package).__path__)
    modules = [importlib.import_module(f"{package}.{module.name}") for module in names]
    found = [module.ENDPOINT for module in modules if hasattr(module, "ENDPOINT")]
    for endpoint in sorted(found, key=_place):
        register(endpoint)
    return found


def register(endpoint: Endpoint) -> None:
    """Serves an endpoint from the next start on. Raises `ValueError` for a type that is taken."""
    if endpoint.request_type in BY_REQUEST_TYPE:
        raise ValueError(f"The request type {endpoint.request_type!r} is taken.")
    ENDPOINTS.append(endpoint)
    BY_REQUEST_TYPE[endpoint.request_type] = endpoint


def unregister(request_type: str) -> None:
    ENDPOINTS.remove(BY_REQUEST_TYPE.pop(request_type))


def translator_for(request_type: str, upstream_protocol: str) -> Translator:
    """The translation between a caller's request type and an upstream's protocol.

    Raises `LookupError` for a combination that does not exist; routing never chooses one, since
    `governance.kinds` says what each kind of provider serves.
    """
    return BY_REQUEST_TYPE[request_type].translator(upstream_protocol)


def _place(endpoint: Endpoint) -> tuple[int, str]:
    known = endpoint.request_type in _ORDER
    return (_ORDER.index(endpoint.request_type) if known else len(_ORDER), endpoint.path)


ENDPOINTS: Final[list[Endpoint]] = []
BY_REQUEST_TYPE: Final[dict[str, Endpoint]] = {}
discover("inference.endpoints")


def simulated_request(document: Mapping[str, Any]) -> RoutingRequest:
    """The routing request of a simulation's document, by the parser that live traffic passes.

    `request_type` beside the request's own fields says its kind. What is detected in a rehearsal
    is what would be detected in earnest. Raises `BadRequest` naming the field.
    """
    request = {name: value for name, value in document.items() if name != "request_type"}
    endpoint = BY_REQUEST_TYPE[document.get("request_type", "chat")]
    if endpoint.form:
        body, content_type = as_form(request)
        parsed = endpoint.parse(body, {b"content-type": content_type})
    else:
        parsed = endpoint.parse(msgspec.json.encode(request), {})
    return parsed.routing_request._replace(
        session=sticky_session(parsed), answer_limit=bound_of(parsed.fields)
    )
