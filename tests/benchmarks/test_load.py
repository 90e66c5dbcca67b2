"""The load generator has to see every wrong answer, however the bytes are cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import asks
from benchmarks.programs import Expected, Load, Mock, Shot
from benchmarks.routes import ROUTES

STREAM = b'data: {"a":1}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n'
REQUEST = asks.request("mock", "/", {}, b"{}")


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts) + end


def whole(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@contextmanager
def upstream(reply: bytes, *, piece: int = 0, then_close: bool = False) -> Iterator[int]:
    """Answers each request with these bytes, `piece` at a time; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while connection.recv(65536):
                    for at in range(0, len(reply), piece or len(reply)):
                        connection.sendall(reply[at : at + (piece or len(reply))])
                    if then_close:
                        return
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def shoot(
    port: int, expected: Expected, folder: Path, *, python: bool, callers: int = 1, each: int = 3
) -> dict[str, Any]:
    shot = Shot("127.0.0.1", port, [REQUEST], expected, callers, each)
    return Load(shot, folder, seconds=1, python=python).result()


RIGHT = {
    "whole": (whole(b'{"text":"x"}'), b'{"text":"x"}'),
    "chunks": (chunked(*STREAM.splitlines(keepends=True)), STREAM),
    "one chunk": (chunked(STREAM), STREAM),
    "chunk extension and trailer": (
        chunked(STREAM, end=b"0;a=b\r\nx-checksum: 1\r\n\r\n"),
        STREAM,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("piece", [0, 1])
def test_right_answers_count(tmp_path: Path, python: bool, name: str, piece: int) -> None:
    """However they are cut on the way."""
    reply, body = RIGHT[name]
    with upstream(reply, piece=piece) as port:
        found = shoot(port, Expected.of(body, body), tmp_path, python=python, callers=2)

    assert (found["completed"], found["errors"], found["error"]) == (6, 0, "")
    assert found["body_bytes"] == 6 * len(body)
    assert found["whole"]["p50"] >= found["first"]["p50"] > 0


WRONG = {
    "another text": chunked(STREAM.replace(b"1", b"7")),
    "too short": chunked(STREAM[:20]),
    "too long": chunked(STREAM, STREAM),
    "no end of the protocol": chunked(STREAM.replace(b"data: [DONE]\n\n", b"")),
    "no status 200": whole(STREAM, b"500 Internal Server Error"),
    "not HTTP": b"what?\r\n\r\n" * 1000,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_are_seen(tmp_path: Path, python: bool, name: str) -> None:
    with upstream(WRONG[name]) as port:
        found = shoot(port, Expected.of(STREAM, STREAM), tmp_path, python=python)

    assert found["completed"] == 0
    assert found["errors"] == 3
    assert found["error"]


@pytest.mark.parametrize("name", ["too short", "too long", "no end of the protocol"])
def test_answers_of_varying_length_are_compared_too(
    tmp_path: Path, python: bool, name: str
) -> None:
    """By the number of their events and their end."""
    longer = STREAM.replace(b"1", b"22")
    with upstream(chunked(longer)) as port:
        right = shoot(port, Expected.of(STREAM, longer), tmp_path, python=python)
    with upstream(WRONG[name]) as port:
        wrong = shoot(port, Expected.of(STREAM, longer), tmp_path, python=python)

    assert (right["completed"], right["errors"]) == (3, 0)
    assert (wrong["completed"], wrong["errors"]) == (0, 3)


@pytest.mark.parametrize("cut", [30, 80, -3])
def test_broken_streams_are_seen(tmp_path: Path, python: bool, cut: int) -> None:
    """A connection that closes within the head, the body, or before the last chunk."""
    with upstream(chunked(STREAM)[:cut], then_close=True) as port:
        found = shoot(port, Expected.of(STREAM, STREAM), tmp_path, python=python)

    assert (found["completed"], found["errors"]) == (0, 3)


def test_what_tells_the_time_may_differ(tmp_path: Path, python: bool) -> None:
    """Two probes of one second agree on `created`; later answers do not."""
    probe = b'{"created":1767225600,"text":"x"}'
    later = b'{"created":1767225999,"text":"x"}'
    with upstream(whole(later)) as port:
        found = shoot(port, Expected.of(probe, probe), tmp_path, python=python)

    assert (found["completed"], found["errors"]) == (3, 0)


def test_time_ends_a_round(tmp_path: Path, mock: Mock, python: bool) -> None:
    """Without a number of requests callers go on for the seconds given, warm-up left out."""
    route = ROUTES["openai-64"]
    head, body = asks.headers("openai", "k"), asks.body("openai", "m", stream=True)
    request = asks.request("mock", route.base_path + "/chat/completions", head, body)
    anything = Expected(0, 65, b"data: [DONE]\n\n", None)
    shot = Shot("127.0.0.1", mock.port, [request], anything, callers=4)

    found = Load(shot, tmp_path, seconds=0.3, warm_up=0.1, python=python).result()

    assert found["errors"] == 0
    assert found["finished"] > found["completed"] > 10
    assert 0.2 < found["seconds"] <= 0.31


def test_a_load_can_be_broken_off(tmp_path: Path, mock: Mock, python: bool) -> None:
    route = ROUTES["openai-slow"]
    head, body = asks.headers("openai", "k"), asks.body("openai", "m", stream=True)
    request = asks.request("mock", route.base_path + "/chat/completions", head, body)
    shot = Shot("127.0.0.1", mock.port, [request], Expected(0, 0, b"", None), 5, each=1)
    load = Load(shot, tmp_path, seconds=60, python=python)
    while mock.stats()["open_streams"] < 5:
        pass

    load.stop()
    found = load.result()

    assert (found["unfinished"], found["errors"]) == (5, 0)
