"""A provider of sound, images, moderations and rankings: strict as the real ones, scripted.

It refuses what OpenAI's, Cohere's and Jina AI's references do not list, with OpenAI's errors.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SOUND = bytes(range(256)) * 400
PICTURE = "aW1hZ2U="
TOKENS = {
    "total_tokens": 50,
    "input_tokens": 10,
    "output_tokens": 40,
    "input_tokens_details": {"text_tokens": 4, "image_tokens": 6},
}
_IMAGES = {"model", "prompt", "n", "size", "quality", "stream", "partial_images", "user"}
FIELDS = {
    "/v1/audio/speech": {"model", "input", "voice", "response_format", "speed", "stream_format"},
    "/v1/audio/transcriptions": {"model", "file", "language", "prompt", "response_format",
                                 "stream", "timestamp_granularities[]", "temperature"},
    "/v1/audio/translations": {"model", "file", "prompt", "response_format", "temperature"},
    "/v1/images/generations": {*_IMAGES, "background"},
    "/v1/images/edits": {*_IMAGES, "image", "image[]", "mask"},
    "/v1/moderations": {"model", "input"},
    "/v1/rerank": {"model", "query", "documents", "top_n", "return_documents",
                   "max_tokens_per_doc"},
}  # fmt: skip


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    fields: dict[str, Any]
    raw: bytes


@dataclass
class MediaProvider:
    """`with MediaProvider() as provider:` serves on `provider.base_url`."""

    fails: int = 0
    """A status that answers everything; 0: none."""
    breaks: bool = False
    """Streams end before they should."""
    never_streams: bool = False
    """It answers whole where a stream is asked for, as `whisper-1` does."""
    delay: float = 0.0
    """Seconds before it answers."""
    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        provider = self

        class Handler(_Handler):
            owner = provider

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
    owner: MediaProvider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        kind = headers["content-type"]
        fields = json.loads(raw) if kind == "application/json" else form(kind, raw)
        self.owner.received.append(Received(self.path, headers, fields, raw))
        time.sleep(self.owner.delay)
        unknown = sorted(set(fields) - FIELDS.get(self.path, set()))
        if self.owner.fails:
            self._json({"error": {"message": "down", "type": "server_error"}}, self.owner.fails)
        elif unknown or "model" not in fields:
            name = unknown[0] if unknown else "model"
            error = {"message": f"Unknown parameter: '{name}'.", "type": "invalid_request_error",
                     "param": name, "code": "unknown_parameter"}  # fmt: skip
            self._json({"error": error}, 400)
        else:
            _REPLIES[self.path](self, fields)

    def _json(self, document: Any, status: int = 200) -> None:
        self._whole(json.dumps(document).encode(), "application/json", status)

    def _whole(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pieces(self, pieces: list[bytes], kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in pieces[: 1 if self.owner.breaks else None]:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if not self.owner.breaks:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = self.owner.breaks

    def _events(self, *events: dict[str, Any]) -> None:
        told = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events]
        self._pieces(told, "text/event-stream")

    def speech(self, fields: dict[str, Any]) -> None:
        if fields.get("stream_format") == "sse":
            usage = {"input_tokens": 3, "output_tokens": 9, "total_tokens": 12}
            self._events(
                {"type": "speech.audio.delta", "audio": "AAAA"},
                {"type": "speech.audio.done", "usage": usage},
            )
        else:
            at = range(0, len(SOUND), 10_000)
            self._pieces([SOUND[one : one + 10_000] for one in at], "audio/mpeg")

    def hear(self, fields: dict[str, Any]) -> None:
        form = fields.get("response_format", "json")
        if fields.get("stream") == "true" and not self.owner.never_streams:
            usage = {"type": "tokens", "input_tokens": 14, "output_tokens": 2, "total_tokens": 16,
                     "input_token_details": {"audio_tokens": 14}}  # fmt: skip
            self._events(
                {"type": "transcript.text.delta", "delta": "hel"},
                {"type": "transcript.text.done", "text": "hello", "usage": usage},
            )
        elif form in ("text", "srt", "vtt"):
            self._whole("h\u00e9llo\n".encode(), "text/plain; charset=utf-8")
        elif form == "verbose_json":
            self._json({"task": "transcribe", "language": "english", "duration": 7.5,
                        "text": "hello", "segments": []})  # fmt: skip
        else:
            self._json({"text": "hello", "usage": {"type": "duration", "seconds": 7}})

    def draw(self, fields: dict[str, Any]) -> None:
        if fields.get("stream") in (True, "true") and not self.owner.never_streams:
            self._events(
                {"type": "image_generation.partial_image", "b64_json": PICTURE,
                 "partial_image_index": 0},
                {"type": "image_generation.completed", "b64_json": PICTURE, "usage": TOKENS},
            )  # fmt: skip
        else:
            data = [{"b64_json": PICTURE}] * int(fields.get("n", 1))
            self._json({"created": 1, "data": data, "usage": TOKENS})

    def moderate(self, fields: dict[str, Any]) -> None:
        given = fields["input"]
        count = len(given) if isinstance(given, list) else 1
        result = {"flagged": False, "categories": {}, "category_scores": {},
                  "category_applied_input_types": {}}  # fmt: skip
        self._json({"id": "modr-1", "model": fields["model"], "results": [result] * count})

    def rank(self, fields: dict[str, Any]) -> None:
        ranked = [
            {"index": place, "relevance_score": 1 / (place + 1)}
            for place in range(min(fields.get("top_n", 99), len(fields["documents"])))
        ]
        if fields["model"].startswith("jina"):
            self._json({"model": fields["model"], "results": ranked,
                        "usage": {"total_tokens": 31}})  # fmt: skip
        else:
            self._json({"id": "r-1", "results": ranked,
                        "meta": {"billed_units": {"search_units": 1}}})  # fmt: skip


_REPLIES: dict[str, Callable[[_Handler, dict[str, Any]], None]] = {
    "/v1/audio/speech": _Handler.speech,
    "/v1/audio/transcriptions": _Handler.hear,
    "/v1/audio/translations": _Handler.hear,
    "/v1/images/generations": _Handler.draw,
    "/v1/images/edits": _Handler.draw,
    "/v1/moderations": _Handler.moderate,
    "/v1/rerank": _Handler.rank,
}


def form(content_type: str, raw: bytes) -> dict[str, Any]:
    """The form's fields, by a parser that is not the product's; files are bytes."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    fields: dict[str, Any] = {}
    for part in message_from_bytes(head + raw, policy=HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert name not in fields or str(name).endswith("[]"), f"{name} comes twice"
        fields[str(name)] = payload if part.get_filename() else payload.decode()
    return fields
