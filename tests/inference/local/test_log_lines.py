"""What the engine and its workers log."""

import json
import logging

from inference.local.log_lines import JsonLogFormatter, of_request, words_of


def line(message: str, *values: object) -> str:
    record = logging.LogRecord("pointsman.engine", logging.WARNING, "", 0, message, values, None)
    return JsonLogFormatter().format(record)


def test_it_works() -> None:
    """The keys that the web processes' lines have."""
    with of_request([(b"accept", b"*/*"), (b"x-request-id", b"r1")]):
        said = json.loads(line("model %s: ready", "é"))
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "event": "model é: ready",
        "logger": "pointsman.engine",
        "level": "warning",
        "request_id": "r1",
    }
    assert "request_id" not in line("later")


def test_operators_see_the_words() -> None:
    assert words_of(line("no room")) == "no room"
    assert words_of("Killed by a signal") == "Killed by a signal"
    assert words_of("[1]") == "[1]"
