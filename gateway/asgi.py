"""The service as one ASGI application: `/v1` goes to the consumers, the rest to Django.

Chat does not pass through Django's handler: its middleware would cost more than the gateway.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

import django

django.setup(set_prefix=False)

# Apps must be loaded before what follows.
from django.conf import settings  # noqa: E402

from gateway import health, lifespan  # noqa: E402
from gateway.collector import metrics  # noqa: E402
from gateway.collector.keeper_client import keeper  # noqa: E402
from gateway.server import in_flight  # noqa: E402
from gateway.server.body_limit import limited  # noqa: E402
from gateway.server.head_rules import fault, refuse  # noqa: E402
from gateway.server.held_book import DatabaseHeldBook  # noqa: E402
from gateway.server.overload import HEALTH_PATHS  # noqa: E402
from gateway.server.pages import Pages  # noqa: E402
from gateway.server.v1 import PATHS, routes  # noqa: E402
from inference.edge.asgi import Receive, Scope, Send  # noqa: E402
from inference.edge.unknown import misdirected  # noqa: E402

V1 = routes(keeper=keeper(), held=DatabaseHeldBook())
DJANGO = limited(Pages(), settings.MAX_BODY_BYTES)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Every request of every protocol the servers bring."""
    kind = scope["type"]
    if kind == "lifespan":
        await lifespan.run(receive, send)
        return
    if kind == "websocket":
        # Where a server speaks it (Daphne), the handshake is refused with 403.
        await receive()
        await send({"type": "websocket.close", "code": 1003})
        return
    if kind != "http":
        raise ValueError(f"This service does not speak {kind}.")
    problem = fault(scope)
    if problem is not None:
        await refuse(problem, scope, receive, send)
        return
    path: str = scope["path"]
    chat = path.startswith("/v1/") or misdirected(path, PATHS)
    if path in HEALTH_PATHS:
        if not lifespan.started():
            lifespan.start_soon()
        await health.respond(scope, receive, send)
    elif not chat and path != metrics.PATH:
        await DJANGO(scope, receive, send)
    else:
        # Under servers without lifespan (Daphne) the first request starts what serves it.
        if not lifespan.started():
            await lifespan.start()
        if not chat:
            await metrics.respond(scope, receive, send)
            return
        # As `in_flight.counted` does, without a coroutine of its own around each request.
        in_flight.in_flight += 1
        try:
            await V1(scope, receive, send)
        finally:
            in_flight.in_flight -= 1
