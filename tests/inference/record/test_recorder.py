"""The recorder: cheap on the event loop, and a killed process loses next to nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import msgspec

from inference.record.lines import read_line
from inference.record.record import Content
from inference.record.recorder import Recorder
from inference.record.segments import SegmentWriter
from tests.governance.interactions.request_contexts import attempt, request_context
from tests.support.timing import is_quick


def lines_in(directory: Path) -> list[bytes]:
    return [
        line
        for path in sorted(directory.glob("*.segment"))
        for line in path.read_bytes().splitlines(keepends=True)
    ]


def test_it_works(tmp_path: Path) -> None:
    """What is accepted is a line after the next flush, in order, with the name of the node."""
    writer = SegmentWriter(tmp_path)
    recorder = Recorder(writer, "node-1")
    for number in range(5):
        recorder.accept(request_context(id=f"req_{number}"))
    assert lines_in(tmp_path) == []
    writer.flush()
    records = [read_line(line).record for line in lines_in(tmp_path)]
    assert [record.id for record in records] == [f"req_{number}" for number in range(5)]
    assert {record.node for record in records} == {"node-1"}


def test_what_was_said_goes_with_the_line(tmp_path: Path) -> None:
    """As it came and as it left: the text is made of it by whoever reads the line."""
    writer = SegmentWriter(tmp_path)
    recorder = Recorder(writer)
    recorder.accept(request_context(content=Content(b"a \xff secret", [b"an", b"other"], size=17)))
    recorder.accept(request_context())
    writer.flush()
    with_content, without = (read_line(line) for line in lines_in(tmp_path))
    assert (with_content.request, with_content.answer) == (b"a \xff secret", b"another")
    assert (without.request, without.answer) == (None, None)
    assert with_content.record.request is msgspec.UNSET


def test_a_request_that_cannot_be_described_is_counted(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    recorder = Recorder(writer)
    recorder.accept(request_context(attempts=["no attempt"]))
    recorder.accept(request_context())
    writer.flush()
    assert writer.lost == 1
    assert len(lines_in(tmp_path)) == 1


def test_who_was_asked_is_kept_for_the_price(tmp_path: Path) -> None:
    """Of attempts that used tokens, as the provider was configured then."""
    writer = SegmentWriter(tmp_path)
    failed = attempt(outcome="retryable", code="http_503")
    cloudy = attempt(provider="capable", model="gpt-4o-mini")
    Recorder(writer).accept(request_context(attempts=[failed, cloudy]))
    writer.flush()
    (line,) = map(read_line, lines_in(tmp_path))
    assert line.sellers == (None, ("https://api.openai.com/v1", "openai", False))
    assert line.record.attempts[0].usage is None
    assert line.record.attempts[1].usage == line.record.usage


def test_a_record_takes_less_than_thirty_microseconds(tmp_path: Path) -> None:
    """Its whole price on the event loop, the best of five rounds; 8 on an idle machine."""
    writer = SegmentWriter(tmp_path)
    recorder = Recorder(writer)
    request_contexts = [request_context() for _ in range(2000)]

    def seconds() -> float:
        began = time.perf_counter()
        for one in request_contexts:
            recorder.accept(one)
        return (time.perf_counter() - began) / len(request_contexts)

    assert is_quick(seconds, 30e-6)


KILLED = """
import asyncio, sys, time
from pathlib import Path
from inference.record.recorder import Recorder
from inference.record.segments import SegmentWriter
from tests.governance.interactions.request_contexts import request_context
async def loop():
    writer = SegmentWriter(Path(sys.argv[1]))
    recorder = Recorder(writer)
    number, flushed = 0, time.time()
    while True:
        for _ in range(20):
            recorder.accept(request_context(id=f"req_{number}", at=time.time()))
            number += 1
        if time.time() - flushed >= 0.1:
            flushed = time.time()
            writer.flush()
        print(number, time.time(), flush=True)
        await asyncio.sleep(0.002)
asyncio.run(loop())
"""


def test_a_killed_process_loses_its_last_100_ms_at_most(tmp_path: Path) -> None:
    """After kill -9 every line is whole, and all is there but what was carried just before."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    accepted: list[tuple[int, float]] = []
    end = time.time() + 60
    while time.time() < end and (not accepted or accepted[-1][1] - accepted[0][1] < 1.6):
        number, at = process.stdout.readline().split()
        accepted.append((int(number), float(at)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    # What it did until the signal arrived: a process that gets no core does nothing either.
    accepted += [(int(n), float(at)) for n, at in map(str.split, process.stdout)]
    process.stdout.close()
    lines = lines_in(tmp_path)
    assert all(line.endswith(b"\n") for line in lines)
    ids = {read_line(line).record.id for line in lines}
    last = accepted[-1][1]
    # A tenth of a second until the flush, and what one turn of the loop takes on a busy machine.
    turn = max(later[1] - one[1] for one, later in pairwise(accepted))
    safe = max(number for number, at in accepted if at <= last - 0.1 - turn)
    assert safe > 500
    assert ids >= {f"req_{number}" for number in range(safe)}
