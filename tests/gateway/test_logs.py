"""The service's own log: JSON lines without secrets, for our loggers and everybody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from gateway import logs
from gateway.environment import BadSetting

EMIT = """
import logging, os, django, structlog
os.environ["DJANGO_SETTINGS_MODULE"] = "gateway.settings"
django.setup()
log = structlog.get_logger("pointsman.test")
"""


def emitted(code: str, **environment: str) -> list[dict[str, Any]]:
    """The lines a process logs that runs `code` with our logging set up."""
    result = subprocess.run(
        [sys.executable, "-c", EMIT + code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == ""
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_it_works() -> None:
    """An event of ours and one of the standard library have the same form."""
    ours, theirs, djangos = emitted(
        """
log.warning("route_failed", reason="no target", request_id="req_1")
logging.getLogger("uvicorn.error").warning("Exceeded %s", "limit")
logging.getLogger("django.request").warning("Not Found: %s", "/x", extra={"status_code": 404})
"""
    )
    assert ours.pop("time").endswith("Z")
    assert ours == {
        "event": "route_failed",
        "reason": "no target",
        "request_id": "req_1",
        "logger": "pointsman.test",
        "level": "warning",
    }
    assert (theirs["event"], theirs["logger"]) == ("Exceeded limit", "uvicorn.error")
    assert djangos["event"] == "Not Found: /x"


def test_a_stranger_writes_no_traceback() -> None:
    """A request under another host's name is a line, at the level of what callers do wrong."""
    (line,) = emitted(
        """
from django.core.handlers.exception import response_for_exception
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory
try:
    raise DisallowedHost("Invalid HTTP_HOST header: 'elsewhere'.")
except DisallowedHost as error:
    response_for_exception(RequestFactory().get("/"), error)
""",
        DJANGO_SETTINGS_MODULE="gateway.settings",
    )
    assert line["logger"] == "django.security.DisallowedHost"
    assert (line["level"], line["event"]) == (
        "warning",
        "Invalid HTTP_HOST header: 'elsewhere'.",
    )
    assert "exception" not in line


def test_exceptions_are_one_line_without_variables_and_secrets() -> None:
    """A traceback names code, never the values it worked on."""
    (line,) = emitted(
        """
def fail(api_key):
    raise RuntimeError("refused: Authorization: Bearer sk-live-1234567890abcdef")
try:
    fail("hunter2-in-a-variable")
except RuntimeError as error:
    log.error("request_crashed", exc_info=error)
"""
    )
    assert "RuntimeError" in line["exception"]
    assert "in fail" in line["exception"]
    assert "hunter2" not in line["exception"]
    assert "sk-live" not in line["exception"]


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("error", [])],
)
def test_the_level_is_a_setting(level: str, expected: list[str]) -> None:
    """Ours down to the level; libraries only from warnings on."""
    lines = emitted(
        """
log.debug("d"); log.info("i"); log.warning("w")
logging.getLogger("httpx").info("library")
""",
        POINTSMAN_LOG_LEVEL=level,
    )
    assert [line["event"] for line in lines] == expected


def test_a_level_that_is_none() -> None:
    with pytest.raises(BadSetting, match="POINTSMAN_LOG_LEVEL must be one of"):
        logs.level_of("loud")


@pytest.mark.parametrize(
    "name",
    ["authorization", "x-api-key", "api_key", "password", "client_secret", "cookie", "auth_token"],
)
def test_fields_named_like_secrets_are_hidden(name: str) -> None:
    assert logs.hide(None, "info", {name: "anything"})[name] == logs.HIDDEN
    nested = logs.hide(None, "info", {"headers": {name: "anything"}})
    assert nested["headers"][name] == logs.HIDDEN


@pytest.mark.parametrize(
    "secret",
    [
        "pm-Zk3v9QnB7cXy1LmP5tRw8uAs",
        "sk-proj-abcdefghijklmnop123456",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "gAAAAABmZ1x2y3z4a5b6c7d8e9f0",
    ],
)
def test_secrets_are_hidden_wherever_they_stand(secret: str) -> None:
    event = logs.hide(
        None,
        "info",
        {
            "event": f"sent {secret} to them",
            "list": [secret],
            "raw": secret.encode(),
            "object": ValueError(secret),
        },
    )
    assert secret not in repr(event)
    assert event["event"] == f"sent {logs.HIDDEN} to them"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        ("{'x-api-key': 'abc', 'a': 1}", "{'x-api-key': '[hidden]', 'a': 1}"),
        ("GET https://u:p@example.com/v1?api_key=abc&x=1", "GET https://[hidden]@example.com/v1"),
    ],
)
def test_credentials_in_texts_are_hidden(text: str, hidden: str) -> None:
    event = logs.hide(None, "info", {"event": text})["event"]
    assert event.startswith(hidden)
    assert "abc" not in event


def test_what_is_no_secret_stays() -> None:
    event: dict[str, Any] = {
        "event": "route_failed",
        "prompt_tokens": 12,
        "request_id": "req_0123456789abcdef01234567",
        "key": "key-0123456789abcdef",
        "url": "http://127.0.0.1:8000/v1",
        "ratio": 0.5,
        "ok": True,
        "nothing": None,
        "model": "task-sk-small",
    }
    assert logs.hide(None, "info", dict(event)) == event


def test_a_terminal_gets_lines_for_people() -> None:
    config = logs.config("INFO", terminal=True)
    assert "ConsoleRenderer" in repr(config["formatters"]["lines"]["processors"][-1])
