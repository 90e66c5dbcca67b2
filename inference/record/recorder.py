"""The recorder of a web process: a finished request becomes a line, on the event loop.

A line takes some microseconds, when the answer has left. Nothing else is done here: no thread
competes with requests for the interpreter.
"""

from __future__ import annotations

import structlog

from inference.record.describe import describe
from inference.record.lines import line_of
from inference.record.record import RequestContext
from inference.record.segments import SegmentWriter

log = structlog.get_logger("pointsman.recording")


class Recorder:
    """A sink of finished requests. Whoever owns it calls `writer.flush` every 100 ms."""

    def __init__(self, writer: SegmentWriter, node: str = "", process: str = "") -> None:
        self.writer = writer
        self._process = process
        self._add = writer.add
        self._node = node
        self._failed = False

    def accept(self, context: RequestContext) -> None:
        try:
            self._add(line_of(describe(context, node=self._node), context, self._process))
        except Exception as error:
            # A fault of ours: one of them is worth a line, a flood of them is not.
            self.writer.lost += 1
            if not self._failed:
                self._failed = True
                log.error("request_not_recorded", request_id=context.id, exc_info=error)
