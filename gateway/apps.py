from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

from governance.routing.request import RoutingRequest


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        from gateway import checks  # noqa: F401
        from gateway.console.monitoring import live, live_health
        from gateway.console.providers import connection_panel
        from gateway.console.rehearsal import panel
        from governance.api import simulation

        simulation.set_reader(read_request)
        live.set_sources(live_health.read, live_health.read_engine)
        panel.attach()
        connection_panel.attach()


def read_request(document: Mapping[str, Any]) -> RoutingRequest:
    """Reads a whole request for a simulation as the chat API would. Raises `Invalid`.

    Governance lies below inference and may not import its readers, so it is handed one.
    """
    from governance.errors import Invalid
    from governance.routing.fields import Problem
    from inference.endpoints.parsed_request import BadRequest
    from inference.endpoints.registry import simulated_request

    try:
        return simulated_request(document)
    except BadRequest as error:
        raise Invalid(Problem(error.field or "", error.code or "invalid", error.message)) from None
