"""Forms are sent on while they arrive, and from their beginning to whoever comes next."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from inference.dispatch.timer_wheel import TimerWheel
from inference.edge.spool import Spool
from inference.edge.upload import Upload
from inference.edge.upload_intake import UploadIntake
from inference.record.record import RequestContext, add_sink, remove_sink
from inference.values.failures import AttemptFailed, broken
from tests.inference.tables import KEY, chain, provider
from tests.support.eventually import eventually, soon
from tests.support.media_provider import form
from tests.support.serving import served

TYPE = "multipart/form-data; boundary=bound"
FILE = bytes(range(256)) * 8192
"""2 MiB: more than is kept in memory."""


@dataclass
class Listener:
    """An upstream that tells what it has got of a body while it comes."""

    status: int = 200
    got: bytes = b""
    framing: str = ""
    broke: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        listener = self

        class Handler(_Handler):
            owner = listener

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    owner: Listener
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        owner = self.owner
        owner.got, owner.broke = b"", False
        length = self.headers.get("content-length")
        owner.framing = "length" if length else self.headers.get("transfer-encoding", "")
        if not (self._chunks() if length is None else self._take(int(length))):
            owner.broke, self.close_connection = True, True
            return
        body = json.dumps({"text": "heard"} if owner.status == 200 else {"error": {}}).encode()
        self.send_response(owner.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _chunks(self) -> bool:
        while line := self.rfile.readline():
            size = int(line, 16)
            if not self._take(size) or self.rfile.readline() != b"\r\n":
                return False
            if not size:
                return True
        return False

    def _take(self, size: int) -> bool:
        while size:
            part = self.rfile.read1(min(size, 65536))
            if not part:
                return False
            size -= len(part)
            self.owner.got += part
        return True


@dataclass
class Way:
    port: int
    down: Listener
    up: Listener
    records: list[RequestContext]

    def open(self, length: int | None) -> socket.socket:
        """A request whose head has left."""
        caller = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        framing = f"content-length: {length}" if length else "transfer-encoding: chunked"
        caller.sendall(
            f"POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
            f"content-type: {TYPE}\r\n{framing}\r\n\r\n".encode()
        )
        return caller

    def record(self) -> RequestContext:
        eventually(lambda: self.records)
        return self.records.pop()


@pytest.fixture(scope="module")
def _way() -> Iterator[Way]:
    records: list[RequestContext] = []
    add_sink(records.append)
    with Listener() as down, Listener() as up:
        table = chain(provider("down", down.base_url), provider("up", up.base_url))
        with served(table) as gateway:
            yield Way(int(gateway.url.rpartition(":")[2]), down, up, records)
    remove_sink(records.append)


@pytest.fixture
def way(_way: Way) -> Way:
    for one in (_way.down, _way.up):
        one.status, one.got, one.broke, one.framing = 200, b"", False, ""
    _way.records.clear()
    return _way


def part(name: str, value: bytes, file: str = "") -> bytes:
    told = f'; filename="{file}"' if file else ""
    head = f'--bound\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'
    return head.encode() + value + b"\r\n"


MODEL = part("model", b"light/light")
SOUND = part("file", FILE, "a.wav")
END = b"--bound--\r\n"


def answer_of(caller: socket.socket) -> tuple[int, dict[str, Any]]:
    with caller, caller.makefile("rb") as lines:
        status = int(lines.readline().split()[1])
        length = 0
        while (line := lines.readline().lower()) != b"\r\n":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, json.loads(lines.read(length))


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("announced", [True, False])
def test_the_upstream_has_what_has_come_before_the_caller_has_sent_the_rest(
    way: Way, announced: bool
) -> None:
    body = MODEL + SOUND + END
    caller = way.open(len(body) if announced else None)
    first, rest = body[:1_500_000], body[1_500_000:]
    caller.sendall(first if announced else chunk(first))
    eventually(lambda: len(way.down.got) > 1_400_000)
    assert not way.records
    caller.sendall(rest if announced else chunk(rest) + b"0\r\n\r\n")
    assert answer_of(caller) == (200, {"text": "heard"})
    assert form(TYPE, way.down.got) == {"model": "down-model", "file": FILE}
    assert way.down.framing == ("length" if announced else "chunked")
    record = way.record()
    assert [one.code for one in record.attempts] == ["ok"]


@pytest.mark.parametrize("order", [MODEL + SOUND, SOUND + MODEL, SOUND])
def test_another_target_gets_it_from_its_beginning(way: Way, order: bytes) -> None:
    way.down.status = 503
    body = part("routing_profile", b"light") + order + END
    caller = way.open(len(body))
    for start in range(0, len(body), 300_000):
        caller.sendall(body[start : start + 300_000])
    assert answer_of(caller)[0] == 200
    for one, model in ((way.down, "down-model"), (way.up, "up-model")):
        assert form(TYPE, one.got) == {"model": model, "file": FILE}
        assert one.framing == "length"
    assert [one.code for one in way.record().attempts] == ["http_503", "ok"]


@pytest.mark.parametrize(
    ("tail", "status", "said"),
    [
        (part("model", b"light/dear") + END, 400, "must stand before"),
        (part("routing_profile", b"light") + END, 400, "must stand before"),
        (b"--bound", 400, "has no end"),
    ],
)
def test_what_comes_late_and_breaks_a_rule(way: Way, tail: bytes, status: int, said: str) -> None:
    body = MODEL + SOUND + tail
    caller = way.open(len(body))
    caller.sendall(body[:-40])
    eventually(lambda: len(way.down.got) > 1_000_000)
    caller.sendall(body[-40:])
    got, told = answer_of(caller)
    assert got == status
    assert said in told["error"]["message"]
    eventually(lambda: way.down.broke)
    assert not way.up.got
    assert way.record().outcome == "callers_fault"


def test_the_upstream_is_left_when_the_caller_leaves(way: Way) -> None:
    caller = way.open(5_000_000)
    caller.sendall(MODEL + SOUND)
    eventually(lambda: len(way.down.got) > 1_000_000)
    caller.close()
    eventually(lambda: way.down.broke)
    assert way.record().outcome == "cancelled"
    assert not way.up.got


def test_a_form_that_grows_too_large_ends(way: Way) -> None:
    caller = way.open(None)
    caller.sendall(chunk(MODEL + SOUND))
    eventually(lambda: len(way.down.got) > 1_000_000)
    piece = chunk(b"x" * 1024 * 1024)
    for _ in range(31):
        caller.sendall(piece)
    got, told = answer_of(caller)
    assert got == 413
    assert "MiB" in told["error"]["message"]
    eventually(lambda: way.down.broke)


def test_a_spool_reads_what_was_written(tmp_path: Any) -> None:
    spool = Spool(tmp_path / "run", memory=10)
    for size in (4, 6, 1, 20):
        spool.add(bytes([size]) * size)
        whole = b"".join(bytes([one]) * one for one in (4, 6, 1, 20))[: spool.size]
        assert spool.read(0, 99) == whole
        assert spool.read(3, 8) == whole[3:8]
    assert not list((tmp_path / "run").iterdir()), "its file has no name"
    spool.close()


async def test_a_caller_who_stops_sending_is_not_waited_for() -> None:
    loop = asyncio.get_running_loop()
    messages = iter([{"type": "http.request", "body": MODEL + SOUND[:100], "more_body": True}])

    async def receive() -> Any:
        for message in messages:
            return message
        return await loop.create_future()

    upload = Upload(b"--bound", 0, Spool())
    intake = UploadIntake(
        upload, receive, loop, TimerWheel(loop), limit=10_000, held=None, idle=0.05,
        told=lambda error: broken(type(error).__name__, "", 408),
    )  # fmt: skip
    carrier = asyncio.current_task()
    assert carrier is not None
    await intake.until(lambda upload: "file" in upload.fields, carrier)
    reader = upload.sent("real").open(lambda: None)
    assert (reader.take() or b"").startswith(b"--bound")
    await soon(lambda: upload.complete)
    with pytest.raises(AttemptFailed) as failed:
        reader.take()
    assert failed.value.failure.code == "BodyStalled"
    intake.close()
