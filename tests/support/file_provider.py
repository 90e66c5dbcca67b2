"""A provider of files and batches, strict as OpenAI and as Anthropic: it knows no key of ours."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.media_provider import form

BETA = "files-api-2025-04-14"
USAGE = {"input_tokens": 200, "input_tokens_details": {"cached_tokens": 50},
         "output_tokens": 40, "output_tokens_details": {"reasoning_tokens": 8},
         "total_tokens": 240}  # fmt: skip


@dataclass
class FileProvider:
    """`with FileProvider() as provider:` serves on `provider.base_url`."""

    model: str = "gpt-real"
    files: dict[str, bytes] = field(default_factory=dict)
    purposes: dict[str, str] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: bool = False
    tells_usage: bool = True
    fails: int = 0
    asked: list[str] = field(default_factory=list)
    chats: list[dict[str, Any]] = field(default_factory=list)

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

    def keep(self, content: bytes, purpose: str) -> str:
        name = f"file-{len(self.purposes) + 1}"
        self.files[name], self.purposes[name] = content, purpose
        return name


class _Handler(BaseHTTPRequestHandler):
    owner: FileProvider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def _body(self) -> bytes | None:
        """None where it was cut."""
        if self.headers.get("content-length"):
            return self.rfile.read(int(self.headers["content-length"]))
        parts = []
        while line := self.rfile.readline():
            parts.append(self.rfile.read(int(line, 16)))
            self.rfile.readline()
            if not int(line, 16):
                return b"".join(parts)
        return None

    @property
    def _anthropic(self) -> bool:
        return "anthropic-version" in self.headers

    def do_POST(self) -> None:
        self.owner.asked.append(f"POST {self.path}")
        body = self._body()
        if body is None:
            self.close_connection = True
        elif self.owner.fails:
            self._error(self.owner.fails, "down")
        elif self.path == "/v1/files":
            self._upload(form(self.headers["content-type"], body))
        elif self.path == "/v1/batches":
            self._batch(json.loads(body))
        elif self.path.endswith("/cancel"):
            batch = self.owner.batches[self.path.split("/")[-2]]
            self._json({**batch, "status": "cancelling"})
        else:
            self._talk(json.loads(body))

    def do_GET(self) -> None:
        self.owner.asked.append(f"GET {self.path}")
        kind, name, *rest = self.path.removeprefix("/v1/").split("/")
        if kind == "batches" and name in self.owner.batches:
            self._json(self._now(self.owner.batches[name]))
        elif kind != "files" or name not in self.owner.files:
            self._error(404, f"No such {kind}: {name}")
        elif rest == ["content"]:
            self._whole(self.owner.files[name], "application/octet-stream")
        else:
            self._file(name)

    def do_DELETE(self) -> None:
        name = self.path.split("/")[-1]
        if self.owner.files.pop(name, None) is None:
            self._error(404, f"No such file: {name}")
        elif self._anthropic:
            self._json({"id": name, "type": "file_deleted"})
        else:
            self._json({"id": name, "object": "file", "deleted": True})

    def _upload(self, fields: dict[str, Any]) -> None:
        wanted = {"file"} if self._anthropic else {"file", "purpose"}
        if set(fields) != wanted:
            self._error(400, f"Unknown fields: {sorted(fields)}")
        elif self._anthropic and BETA not in self.headers.get("anthropic-beta", ""):
            self._error(400, "The beta header is missing.")
        else:
            self._file(self.owner.keep(fields["file"], fields.get("purpose", "")))

    def _file(self, name: str) -> None:
        size = len(self.owner.files[name])
        if self._anthropic:
            self._json({"id": name, "type": "file", "filename": "a.txt", "mime_type": "text/plain",
                        "size_bytes": size, "created_at": "2026-01-01T00:00:00Z",
                        "downloadable": True})  # fmt: skip
        else:
            self._json({"id": name, "object": "file", "bytes": size, "created_at": 1,
                        "filename": "a.jsonl", "purpose": self.owner.purposes[name],
                        "status": "processed"})  # fmt: skip

    def _batch(self, asked: dict[str, Any]) -> None:
        content = self.owner.files.get(asked["input_file_id"], b"")
        models = {json.loads(line)["body"]["model"] for line in content.splitlines() if line}
        if models != {self.owner.model}:
            self._error(400, f"No such model: {sorted(models)}")
            return
        name = f"batch_{len(self.owner.batches) + 1}"
        self.owner.batches[name] = {
            "id": name, "object": "batch", "endpoint": asked["endpoint"], "status": "validating",
            "input_file_id": asked["input_file_id"], "completion_window": "24h", "created_at": 1,
            "output_file_id": None, "error_file_id": None, "metadata": asked.get("metadata"),
            "request_counts": {"total": 2, "completed": 0, "failed": 0},
        }  # fmt: skip
        self._json(self.owner.batches[name])

    def _now(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self.owner.ended and batch["output_file_id"] is None:
            lines = [
                {"id": "r", "custom_id": one, "error": None,
                 "response": {"status_code": 200, "body": {"model": "gpt-real-2026", "usage": {
                     "prompt_tokens": 100, "completion_tokens": 20,
                     "prompt_tokens_details": {"cached_tokens": 25}}}}}
                for one in "ab"
            ]  # fmt: skip
            content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
            batch["output_file_id"] = self.owner.keep(content, "batch_output")
            batch["status"], batch["model"] = "completed", "gpt-real-2026"
            batch["request_counts"] = {"total": 2, "completed": 2, "failed": 0}
            if self.owner.tells_usage:
                batch["usage"] = USAGE
        return batch

    def _talk(self, body: dict[str, Any]) -> None:
        self.owner.chats.append(body)
        text = json.dumps(body)
        named = [part.split('"')[0] for part in text.split('"file_id": "')[1:]]
        unknown = [name for name in named if name not in self.owner.files]
        if unknown:
            self._error(400, f"No such file: {unknown}")
        elif self._anthropic:
            text = {"type": "text", "text": "read"}
            usage = {"input_tokens": 1, "output_tokens": 1}
            self._json({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
                        "content": [text], "stop_reason": "end_turn", "stop_sequence": None,
                        "usage": usage})  # fmt: skip
        else:
            message = {"role": "assistant", "content": "read"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            self._json({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                        "choices": [choice]})  # fmt: skip

    def _error(self, status: int, message: str) -> None:
        kind = "not_found_error" if status == 404 else "invalid_request_error"
        error = {"type": kind, "message": message}
        self._json({"type": "error", "error": error} if self._anthropic else {"error": error},
                   status)  # fmt: skip

    def _json(self, document: Any, status: int = 200) -> None:
        self._whole(json.dumps(document).encode(), "application/json", status)

    def _whole(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
