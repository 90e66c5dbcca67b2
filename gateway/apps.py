from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from governance import ports
from governance.routing.request import RoutingRequest

if TYPE_CHECKING:
    from governance.alerts.messages import AlertMessage
    from governance.models import AlertRule


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Gateway"

    def ready(self) -> None:
        from gateway import checks  # noqa: F401
        from gateway.server.abandoned import watch_connection

        connection_created.connect(watch_connection, dispatch_uid="abandoned pages")
        ports.fill(
            ports.Ports(
                read_request=read_request,
                request_types=request_types,
                repairs=repairs,
                forget_repairs=forget_repairs,
                send_alert=send_alert,
                health=health,
            )
        )


def repairs(provider: str) -> list[dict[str, Any]]:
    """What requests to the provider are changed by, by model."""
    from gateway.collector.places import places
    from gateway.collector.repair_memory import remembered
    from inference.translate.repairs.words import words_of

    return [
        {
            "model": one.model,
            "repair": one.repair,
            "value": one.value,
            "detail": words_of(one.repair, one.value),
            "expires_at": datetime.fromtimestamp(int(one.until), UTC).isoformat(),
        }
        for one in remembered(places().repairs, provider, time.time())
    ]


def health(provider: str) -> dict[str, Any]:
    """How the provider fares, as this process has heard of all others."""
    from gateway.console.monitoring.health_document import health_document

    return health_document(provider)


def forget_repairs(provider: str) -> bool:
    """Has them forgotten by every process of the node."""
    from gateway.collector.places import places
    from gateway.collector.repair_memory import forget

    return forget(places().socket, provider)


def send_alert(channel: str, rule: AlertRule, message: AlertMessage) -> None:
    """Sends one message now. Raises `DeliveryFailed`."""
    from gateway.collector.alert_delivery import send

    send(channel, rule, message)


def request_types() -> tuple[str, ...]:
    """Loads the endpoints when it is called first, as `read_request` does."""
    from inference.endpoints.registry import BY_REQUEST_TYPE

    return tuple(BY_REQUEST_TYPE)


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
