from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

from governance import ports
from governance.routing.request import RoutingRequest


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        from gateway import checks  # noqa: F401

        ports.fill(ports.Ports(read_request=read_request))


def read_request(document: Mapping[str, Any]) -> RoutingRequest:
    """Reads a whole request for a simulation as the chat API would. Raises `Invalid`.

    The endpoints are loaded when the first one is read: most processes never read any.
    """
    from governance.errors import Invalid
    from governance.routing.fields import Problem
    from inference.endpoints.registry import simulated_request
    from inference.values.parsed_request import BadRequest

    try:
        return simulated_request(document)
    except BadRequest as error:
        raise Invalid(Problem(error.field or "", error.code or "invalid", error.message)) from None
