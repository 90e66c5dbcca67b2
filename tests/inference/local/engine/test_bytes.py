"""The pure parts between bytes and meaning: worker messages and whole events."""

from hypothesis import given
from hypothesis import strategies as st

from inference.local.engine.messages import Failed, Lines, Loading, Ready, read_message
from inference.local.engine.process import describe_exit
from inference.local.engine.sse import WholeEvents


def test_messages_of_the_contract_are_read() -> None:
    line = b'{"state": "loading", "progress": 0.5, "step": "reading weights"}'
    assert read_message(line) == Loading(0.5, "reading weights")
    ready = b'{"state": "ready", "memory_bytes": 9, "parameters": 8, "context_length": 7, "x": 1}'
    assert read_message(ready) == Ready(9, 8, 7)
    assert read_message(b'{"state": "failed", "reason": "no weights"}') == Failed("no weights")


def test_other_lines_are_no_messages() -> None:
    for line in (b"", b"Fetching 3 files", b"{}", b'{"state": "odd"}', b"[1]", b"\xff"):
        assert read_message(line) is None


@given(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b""))), st.data())
def test_lines_come_out_however_the_bytes_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader, seen = Lines(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        seen += reader.feed(stream[start:end])
    assert seen == lines


def test_an_endless_line_is_dropped_and_the_next_one_read() -> None:
    reader = Lines(limit=10)
    assert reader.feed(b"x" * 50) == []
    assert reader.feed(b"x" * 50) == []
    assert reader.feed(b"tail\nnext\n") == [b"next"]


@given(st.lists(st.sampled_from([b"data: a", b"data: b\nid: 1", b": c"])), st.data())
def test_only_whole_events_are_handed_on(events: list[bytes], data: st.DataObject) -> None:
    """At every moment what went out ends with a blank line, and nothing is lost in the end."""
    blank = data.draw(st.sampled_from([b"\n\n", b"\r\n\r\n"]))
    stream = b"".join(event + blank for event in events) + b"data: unfinished"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    whole, sent = WholeEvents(), b""
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        sent += whole.feed(stream[start:end])
        assert not sent or sent.endswith(blank)
    assert sent + whole.rest() == stream
    assert whole.rest() == b"data: unfinished"


def test_the_end_of_a_process_is_told_in_a_sentence() -> None:
    assert describe_exit(-9) == "The worker was ended by SIGKILL."
    assert describe_exit(1, "No module") == "The worker ended with exit code 1: No module"
