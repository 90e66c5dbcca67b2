"""A provider of raw bytes: what it does wrong is named in the path of its base URL."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from tests.support import anthropic_shapes, openai_shapes

WORDS: Final = ("Ax1 ", "Ax2 ", "Ax3 ")
"""What a faulty provider says before it breaks."""
SECOND: Final = ("Qz1 ", "Qz2 ", "Qz3")
"""What the healthy one says."""
CLOSE, RESET, HANG = "close", "reset", "hang"
Step = bytes | str


@dataclass(frozen=True)
class Wire:
    """One protocol, as far as faults need it."""

    opening: Callable[[], list[bytes]]
    word: Callable[[str], bytes]
    ending: Callable[[], list[bytes]]
    whole: Callable[[str], bytes]
    broken: bytes
    """An error in the stream."""

    def stream(self, words: tuple[str, ...]) -> list[bytes]:
        return [*self.opening(), *map(self.word, words), *self.ending()]


def _openai_text(word: str) -> bytes:
    return openai_shapes.chunk({"content": word})


def _anthropic_opening() -> list[bytes]:
    start = anthropic_shapes.event(
        "content_block_start", index=0, content_block={"type": "text", "text": ""}
    )
    return [anthropic_shapes.started(), start]


def _anthropic_text(word: str) -> bytes:
    delta = {"type": "text_delta", "text": word}
    return anthropic_shapes.event("content_block_delta", index=0, delta=delta)


def _message(text: str) -> bytes:
    return json.dumps(anthropic_shapes.message([{"type": "text", "text": text}])).encode()


WIRES: Final = {
    "openai": Wire(
        lambda: [openai_shapes.chunk({"role": "assistant", "content": ""})],
        _openai_text,
        lambda: [openai_shapes.chunk({}, "stop"), openai_shapes.DONE],
        lambda text: json.dumps(openai_shapes.completion(text)).encode(),
        openai_shapes.data(openai_shapes.error("overloaded")),
    ),
    "anthropic": Wire(
        _anthropic_opening,
        _anthropic_text,
        lambda: [
            anthropic_shapes.event("content_block_stop", index=0),
            *anthropic_shapes.ended(),
        ],
        _message,
        anthropic_shapes.event("error", error={"type": "overloaded_error", "message": "no"}),
    ),
}

Script = Callable[[Wire, bool], list[Step]]
"""What is sent in answer, given whether a stream was asked for."""


def whole(
    body: bytes, status: int = 200, kind: str = "application/json", length: int = 0, *extra: bytes
) -> bytes:
    """An answer; `length` is what it says of its body where that is not true."""
    lines = (
        b"HTTP/1.1 %d Told" % status,
        b"content-type: " + kind.encode(),
        b"content-length: %d" % (length or len(body)),
        *extra,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunks(*events: bytes, last: bool = False) -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in events)
    return framed + b"0\r\n\r\n" if last else framed


HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


def healthy(wire: Wire, stream: bool) -> list[Step]:
    if stream:
        return [HEAD, chunks(*wire.stream(SECOND), last=True)]
    return [whole(wire.whole("".join(SECOND)))]


def _error(status: int, message: str = "no", *extra: bytes) -> Script:
    body = json.dumps({"error": {"type": "api_error", "message": message}}).encode()
    return lambda wire, stream: [whole(body, status, "application/json", 0, *extra)]


def _half(wire: Wire, stream: bool) -> list[Step]:
    """The beginning of an answer, and the end of the connection."""
    if stream:
        return [HEAD, chunks(*wire.opening()), CLOSE]
    body = wire.whole("".join(WORDS))
    return [whole(body[: len(body) // 2], length=len(body)), CLOSE]


def _words(*then: Step) -> Script:
    """A stream that has begun, and then this."""
    return lambda wire, stream: [HEAD, chunks(*wire.opening(), *map(wire.word, WORDS)), *then]


BEFORE: Final[dict[str, Script]] = {
    "closes at once": lambda wire, stream: [CLOSE],
    "resets at once": lambda wire, stream: [RESET],
    "never answers": lambda wire, stream: [HANG],
    "closes in its head": lambda wire, stream: [HEAD[:30], CLOSE],
    "no HTTP": lambda wire, stream: [b"HELLO\r\n\r\n", CLOSE],
    "a head without an end": lambda wire, stream: [b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000],
    "a head and silence": lambda wire, stream: [HEAD, HANG],
    "half an answer": _half,
    "an empty answer": lambda wire, stream: [whole(b"")],
    "a page for browsers": lambda wire, stream: [whole(b"<html>hi", 200, "text/html")],
    "an error in a 200": lambda wire, stream: [
        *([HEAD, chunks(wire.broken, last=True)] if stream else []),
        *([] if stream else [whole(b'{"error":{"message":"no","type":"x"}}')]),
    ],
    "not UTF-8": lambda wire, stream: [
        whole(wire.whole("Ax1").replace(b"Ax1", b"\xff\xfe"))
        if not stream
        else HEAD + chunks(wire.word("Ax1").replace(b"Ax1", b"\xff\xfe"), last=True)
    ],
    "no JSON": lambda wire, stream: [
        HEAD + chunks(b"data: {nope\n\n", last=True) if stream else whole(b"{nope")
    ],
    "broken chunks": lambda wire, stream: [HEAD, b"zz\r\nhello\r\n", CLOSE],
    "broken gzip": lambda wire, stream: [
        whole(b"abcd", 200, "application/json", 0, b"content-encoding: gzip")
    ],
    "a redirect": lambda wire, stream: [
        whole(b"", 302, "text/plain", 0, b"location: http://127.0.0.1:9/")
    ],
    "401": _error(401),
    "403": _error(403),
    "404": _error(404, "model not found"),
    "408": _error(408),
    "429": _error(429, "slow down", b"retry-after: 1"),
    "500": _error(500),
    "502 with a page": lambda wire, stream: [whole(b"<html>bad gateway", 502, "text/html")],
    "503 without a body": lambda wire, stream: [whole(b"", 503)],
    "529": _error(529),
}
"""Nothing of the answer has reached the caller when these happen."""
AFTER: Final[dict[str, Script]] = {
    "closes": _words(CLOSE),
    "resets": _words(RESET),
    "falls silent": _words(HANG),
    "ends without its end": _words(b"0\r\n\r\n"),
    "an error": lambda wire, stream: [*_words()(wire, stream), chunks(wire.broken, last=True)],
    "no JSON, and silence": _words(chunks(b"data: {nope\n\n"), HANG),
    "not UTF-8": _words(chunks(b"data: \xff\xfe\n\n"), HANG),
    "broken chunks": _words(b"zz\r\nhello\r\n", CLOSE),
}
"""Words of the answer have."""
SCRIPTS: Final[dict[str, Script]] = {
    **{f"before-{n}": one for n, one in enumerate(BEFORE.values())},
    **{f"after-{n}": one for n, one in enumerate(AFTER.values())},
    "healthy": healthy,
}
"""By the path of the base URL."""


class Faulty:
    """`with Faulty() as provider:` serves until the block ends; `asked` counts by path."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def base_url(self, name: str, protocol: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}/{protocol}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _main(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256)
        self.port: int = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                asked: dict[str, Any] = json.loads(await reader.readexactly(int(length)))
                _, name, protocol, *_rest = head.split(b" ")[1].decode().split("/")
                self.asked[f"{name}/{protocol}"] += 1
                for step in SCRIPTS[name](WIRES[protocol], bool(asked.get("stream"))):
                    if not await _did(step, reader, writer):
                        return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _did(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection goes on."""
    if isinstance(step, bytes):
        writer.write(step)
        await writer.drain()
        # What comes next is to arrive by itself.
        await asyncio.sleep(0.02)
        return True
    if step == HANG:
        await reader.read(1)
    elif step == RESET:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False
