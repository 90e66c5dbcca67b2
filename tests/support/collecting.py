"""What requests leave behind, taken in by a collector in this process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gateway.collector.collector import Collector
from gateway.collector.places import Places
from gateway.collector.places import places as of_settings
from governance.interactions.record import InteractionRecord
from inference.record.describe import describe
from inference.record.lines import line_of
from inference.record.record import RequestContext
from inference.record.segments import SegmentWriter


def places_in(directory: Path, node: str = "node-1") -> Places:
    return Places(
        node=node,
        segments=directory / "segments",
        day_files=directory / "interactions",
        published=directory / "published",
        socket=directory / "gauges.sock",
        repairs=directory / "published" / "repairs.json",
        models=directory / "models",
    )


def line(request_context: RequestContext, node: str = "") -> bytes:
    """As a web process writes it."""
    return line_of(describe(request_context, node=node), request_context)


def write(directory: Path, request_contexts: Iterable[RequestContext], **more: Any) -> None:
    """The segments of a web process that carried these and has ended."""
    writer = SegmentWriter(directory, **more)
    for request_context in request_contexts:
        writer.add(line(request_context))
    writer.close()
    assert not writer.lost


def collect(where: Places | None = None) -> None:
    """Takes in all that web processes have written so far."""
    collector = Collector(where or of_settings(), receive_gauges=False)
    collector.run_once()
    collector.close()


def records_of(path: Path) -> list[InteractionRecord]:
    """The records of a day file."""
    import msgspec

    decode = msgspec.json.Decoder(InteractionRecord).decode
    return [decode(text) for text in path.read_bytes().splitlines()]
