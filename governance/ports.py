"""What governance is handed by the rooms above it, which it may not import.

Whoever starts the process fills the ports once, before the first request: see `gateway.apps`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.alerts.messages import AlertMessage
from governance.routing.request import RoutingRequest


class DeliveryFailed(Exception):
    """A message of an alert did not arrive; says why in a sentence."""


def _nobody_sends(channel: str, rule: Any, message: AlertMessage) -> None:
    raise DeliveryFailed("This process sends no messages.")


@dataclass(frozen=True, slots=True)
class Ports:
    """A function for each thing that only an upper room can do."""

    read_request: Callable[[Mapping[str, Any]], RoutingRequest]
    """Reads a whole request as live traffic is read: its own fields, and `request_type` beside
    them. Raises `errors.Invalid`."""
    request_types: Callable[[], tuple[str, ...]]
    """The request types of the endpoints there are, in the order people read them."""
    repairs: Callable[[str], list[dict[str, Any]]] = lambda provider: []
    """What requests to a provider are changed by, as it was found to refuse parts of them."""
    health: Callable[[str], dict[str, Any]] = lambda provider: {}
    """How a provider fares at this moment, in all processes of the node and by the word of other
    nodes."""
    forget_repairs: Callable[[str], bool] = lambda provider: False
    """Has that forgotten by every process; False where nobody is there to tell them."""
    send_alert: Callable[[str, Any, AlertMessage], None] = _nobody_sends
    """Sends a message of an alert by a channel: see `models.alert_delivery.CHANNELS`. Raises
    `DeliveryFailed`."""


class PortsNotFilled(RuntimeError):
    """Somebody asked before the process had started, or starts it without `gateway`."""


_ports: Ports | None = None


def fill(ports: Ports) -> None:
    """Once in the life of a process: a second set would leave half of it with the first."""
    global _ports
    if _ports is not None:
        raise RuntimeError("The ports of governance are filled already.")
    _ports = ports


def request_types() -> tuple[str, ...]:
    """What a request may ask for. Asked each time, so that an endpoint is one file and needs no
    migration. Raises `PortsNotFilled`."""
    return filled().request_types()


def filled() -> Ports:
    """Raises `PortsNotFilled`."""
    if _ports is None:
        message = "Nobody has called governance.ports.fill: gateway.apps does when Django starts."
        raise PortsNotFilled(message)
    return _ports
