"""The record of what a batch used, which is known when its results are read.

Whoever reads them again makes the same record again: its id follows from the batch, so that the
collector counts it once. A caller's own request id never holds the slash.
"""

from __future__ import annotations

import hashlib
import time
from typing import Final

from governance.interactions.record import AttemptRecord
from governance.routing.plan import Candidate, Plan
from governance.routing.request import RoutingRequest
from governance.routing.table import ProviderEntry, VirtualKey
from inference.record.record import RequestContext
from inference.values.usage import Usage

REQUEST_TYPE: Final = "batches"
BOOKED: Final = "batch/"
"""How the ids of such records begin."""


def booking(
    key: VirtualKey,
    provider: ProviderEntry,
    batch: str,
    protocol: str,
    model: str,
    usage: Usage,
) -> RequestContext:
    """`batch` is the id as the provider gave it, `model` the one that answered."""
    told = f"{provider.name.casefold()}\0{batch}".encode()
    attempt = AttemptRecord(provider.name, model, "ok", "batch", 200, 0.0, usage=usage)
    return RequestContext(
        id=BOOKED + hashlib.sha256(told).hexdigest()[:32],
        protocol=protocol,
        started=time.monotonic(),
        at=time.time(),
        routing_request=RoutingRequest(model=model, request_type=REQUEST_TYPE),
        virtual_key=key,
        plan=Plan(candidates=(Candidate(provider, model),)),
        attempts=[attempt],
        status=200,
        model=model,
        usage=usage,
        finish_reason="batch",
    )
