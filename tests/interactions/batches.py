"""Batches as the recorder makes them, and what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from governance.interactions.record import InteractionRecord
from inference.record.batch import Batch, day_of, line_of
from inference.record.record import RequestContext
from inference.record.recorder import Recorder


def batch_of(*records: InteractionRecord) -> Batch:
    """Records of one day."""
    return Batch(day_of(records[0]), [line_of(record) for record in records])


def records_of(lines: Iterable[bytes]) -> list[InteractionRecord]:
    return [msgspec.json.decode(line, type=InteractionRecord) for line in lines]


def accept(recorder: Recorder, *journeys: RequestContext) -> None:
    """As an event loop does that ends before it has handed anything over."""

    async def loop() -> None:
        for journey in journeys:
            recorder.accept(journey)

    asyncio.run(loop())
