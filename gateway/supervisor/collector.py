"""The collector's process; see `gateway.collector`."""

from __future__ import annotations

from gateway.supervisor.child import Child

GRACE = 6.0


def start() -> Child:
    return Child("collector", "gateway.collector", ["--exit-with-parent"])
