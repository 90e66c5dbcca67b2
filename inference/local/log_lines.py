"""What the engine and its workers log: a line of JSON an event, as the web processes do, unless a
person is watching."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

_TERMINAL: Final = "ENGINE_LOGS_TO_TERMINAL"
"""Tells workers, whose standard error is a pipe of the engine's."""
_REQUEST: ContextVar[str] = ContextVar("request_id", default="")
_HEADER: Final = b"x-request-id"


class JsonLogFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if request := _REQUEST.get():
            line["request_id"] = request
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def begin_logging() -> None:
    """On standard error; for the process and those that it starts."""
    terminal = sys.stderr.isatty() or _TERMINAL in os.environ
    if terminal:
        os.environ[_TERMINAL] = "1"
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(text if terminal else JsonLogFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


@contextmanager
def of_request(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[None]:
    """Lines that are logged within name the request."""
    found = next((value for name, value in headers if name == _HEADER), b"")
    token = _REQUEST.set(found.decode("latin-1")[:200])
    try:
        yield
    finally:
        _REQUEST.reset(token)


def words_of(line: str) -> str:
    """What a line says to people, whoever wrote it."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, KeyError, TypeError):
        return line
