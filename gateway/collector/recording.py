"""The recorder of this process, put together: JSONL, rows and metrics."""

from __future__ import annotations

import atexit
from typing import NamedTuple

from django.conf import settings

from gateway.collector.telemetry import Telemetry
from gateway.server import in_flight as traffic
from inference.record import prices, record
from inference.record.jsonl import JsonlLog
from inference.record.recorder import COUNTS_INTERVAL, Recorder
from inference.record.rows import RowWriter


class Stages(NamedTuple):
    recorder: Recorder
    rows: RowWriter
    telemetry: Telemetry


_stages: Stages | None = None


def start() -> None:
    """Starts recording every request that ends; nothing happens when that is so already."""
    global _stages
    if _stages is not None:
        return
    if settings.ENABLE_CLOUD_ROUTING:
        # Half a second, better spent before the first request than beside it.
        prices.load()
    lines = JsonlLog(settings.INTERACTION_LOG_DIR)
    rows = RowWriter()
    telemetry = Telemetry(
        in_flight=lambda: traffic.in_flight,
        dropped=lambda: {
            "queue": recorder.dropped,
            "log": lines.dropped,
            "database": rows.dropped,
        },
        interval=COUNTS_INTERVAL,
    )
    recorder = Recorder((lines, rows), counting=telemetry)
    rows.start()
    recorder.start()
    record.add_sink(recorder.accept)
    _stages = Stages(recorder, rows, telemetry)
    # Servers without lifespan never call `stop`.
    atexit.register(stop)


def stop() -> None:
    """Writes what is still waiting; gives up after seconds when something is in the way."""
    global _stages
    if _stages is None:
        return
    stages, _stages = _stages, None
    atexit.unregister(stop)
    record.remove_sink(stages.recorder.accept)
    stages.recorder.stop()
    stages.rows.stop()
    stages.telemetry.tell()
