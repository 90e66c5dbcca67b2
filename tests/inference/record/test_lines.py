"""Lines of segments: what they carry, and which versions are read."""

from __future__ import annotations

import msgspec
import pytest

from inference.record.describe import describe
from inference.record.lines import READERS, VERSION, UnknownVersion, line_of, read_line
from tests.governance.interactions.request_contexts import request_context


def test_it_works() -> None:
    one = request_context(session="run-1")
    record = describe(one, node="node-1")
    line = read_line(line_of(record, one))
    assert line.v == VERSION
    assert line.record == record
    assert (line.record.session, line.record.node) == ("run-1", "node-1")


def test_the_version_before_is_read() -> None:
    """Records as the log of the first releases had them: nothing of nodes, one cost for all."""
    document = msgspec.to_builtins(describe(request_context(), 0.25))
    for name in ("node", "group", "owner", "session"):
        del document[name]
    for attempt in document["attempts"]:
        for name in ("usage", "price", "cost_usd"):
            del attempt[name]
    line = read_line(msgspec.json.encode(document) + b"\n")
    assert (line.v, VERSION - 1 in READERS) == (1, True)
    (attempt,) = line.record.attempts
    assert (attempt.usage, attempt.cost_usd) == (line.record.usage, 0.25)
    assert line.sellers == ()


def test_a_later_version_is_left_alone() -> None:
    with pytest.raises(UnknownVersion):
        read_line(b'{"v":99,"record":{}}\n')


@pytest.mark.parametrize("text", [b"\n", b'{"v":2,"rec\n', b"[]\n", b'{"v":2}\n', b"\xff\xfe\n"])
def test_what_is_no_line_is_refused(text: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
        read_line(text)
