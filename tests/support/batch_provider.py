"""A provider of message batches, strict as Anthropic: one batch at a time, ended when told so."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_COUNTS = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}


@dataclass
class BatchProvider:
    """`with BatchProvider() as provider:` serves on `provider.base_url`."""

    batches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The requests of each."""
    ended: bool = False
    asked: list[str] = field(default_factory=list)

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
        return f"http://127.0.0.1:{self._server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    owner: BatchProvider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.endswith("/cancel"):
            self._batch(self.path.split("/")[-2], canceling=True)
            return
        body = json.loads(raw)
        refused = self._refused(body)
        if refused:
            self._error(400, refused)
            return
        name = f"msgbatch_{len(self.owner.batches) + 1}"
        self.owner.batches[name] = body["requests"]
        self._batch(name)

    def do_GET(self) -> None:
        if self.path.endswith("/results"):
            self._results(self.path.split("/")[-2])
        else:
            self._batch(self.path.split("/")[-1])

    def do_DELETE(self) -> None:
        name = self.path.split("/")[-1]
        if self.owner.batches.pop(name, None) is None:
            self._error(404, f"There is no {name}.")
        else:
            self._json({"id": name, "type": "message_batch_deleted"})

    def _refused(self, body: dict[str, Any]) -> str:
        """What is wrong with a new batch; empty for nothing."""
        if self.path != "/v1/messages/batches" or not self.headers.get("anthropic-version"):
            return "path or version"
        if set(body) != {"requests"}:
            return f"unknown members: {sorted(body)}"
        for one in body["requests"]:
            if set(one) != {"custom_id", "params"}:
                return f"requests: {sorted(one)}"
            if not one["params"]["model"].startswith("claude-"):
                return f"There is no model {one['params']['model']}."
        return ""

    def _batch(self, name: str, *, canceling: bool = False) -> None:
        self.owner.asked.append(f"{self.command} {self.path}")
        if name not in self.owner.batches:
            self._error(404, f"There is no {name}.")
            return
        ended = self.owner.ended
        url = f"{self.owner.base_url}/v1/messages/batches/{name}/results"
        count = len(self.owner.batches[name])
        self._json(
            {
                "id": name,
                "type": "message_batch",
                "processing_status": "ended" if ended else "canceling" if canceling
                else "in_progress",
                "request_counts": {**_COUNTS, "succeeded" if ended else "processing": count},
                "created_at": "2026-01-01T00:00:00Z",
                "expires_at": "2026-01-02T00:00:00Z",
                "results_url": url if ended else None,
            }
        )  # fmt: skip

    def _results(self, name: str) -> None:
        lines = []
        for one in self.owner.batches[name]:
            usage = {"input_tokens": 100, "output_tokens": 20, "cache_read_input_tokens": 50}
            message = {
                "id": "msg_1", "type": "message", "role": "assistant", "content": [],
                "model": one["params"]["model"], "stop_reason": "end_turn",
                "stop_sequence": None, "usage": usage,
            }  # fmt: skip
            result = {"type": "succeeded", "message": message}
            lines.append({"custom_id": one["custom_id"], "result": result})
        lines.append({"custom_id": "late", "result": {"type": "expired"}})
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        self._whole(body, "application/x-jsonl")

    def _error(self, status: int, message: str) -> None:
        kind = "not_found_error" if status == 404 else "invalid_request_error"
        self._json({"type": "error", "error": {"type": kind, "message": message}}, status)

    def _json(self, document: Any, status: int = 200) -> None:
        self._whole(json.dumps(document).encode(), "application/json", status)

    def _whole(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
