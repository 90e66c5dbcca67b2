"""Anthropic's protocol as its callers see it, judged by the official SDK where it can."""

from __future__ import annotations

import msgspec
import pytest
from anthropic.types import ModelInfo
from anthropic.types.shared import ErrorResponse

from governance.routing.names import ListedModel
from inference.protocols import ANTHROPIC
from inference.protocols.sse import Event, Parser
from inference.values.error_answer import ErrorAnswer


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (529, "overloaded_error"),
    ],
)
def test_an_error_body(status: int, kind: str) -> None:
    body = ANTHROPIC.error_body(ErrorAnswer(status, "No."), "req_1")
    assert msgspec.json.decode(body) == {
        "type": "error",
        "error": {"type": kind, "message": "No."},
        "request_id": "req_1",
    }


def test_what_more_is_known_is_told() -> None:
    problem = ErrorAnswer(404, "No.", "model_not_found", "model", attempts=("a: b",))
    body = ANTHROPIC.error_body(problem, "req_1")
    ErrorResponse.model_validate_json(body)
    assert msgspec.json.decode(body)["error"] == {
        "type": "not_found_error",
        "message": "No.",
        "param": "model",
        "code": "model_not_found",
        "attempts": ["a: b"],
    }


def test_a_prompt_too_long_is_told_in_the_words_agents_look_for() -> None:
    body = ANTHROPIC.error_body(ErrorAnswer(400, "Too much.", "too_long"), "req_1")
    assert msgspec.json.decode(body)["error"]["message"] == "prompt is too long: Too much."


def test_an_error_event_has_its_name() -> None:
    problem = ErrorAnswer(502, "No.")
    [event] = Parser().feed(ANTHROPIC.error_event(problem, "req_1"))
    assert event == Event(b"error", ANTHROPIC.error_body(problem, "req_1"))


def test_a_ping() -> None:
    assert Parser().feed(ANTHROPIC.HEARTBEAT) == [Event(b"ping", b'{"type": "ping"}')]


def test_the_request_id_is_a_header() -> None:
    assert ANTHROPIC.own_headers("req_1") == [(b"request-id", b"req_1")]


def test_the_list_of_models() -> None:
    names = [ListedModel("light/light", "light", True), ListedModel("mlx/smol", "mlx", False)]
    page = ANTHROPIC.models(names)
    for model in page["data"]:
        ModelInfo.model_validate(model)
    assert [model["id"] for model in page["data"]] == ["light/light", "mlx/smol"]
    assert (page["first_id"], page["last_id"]) == ("light/light", "mlx/smol")
    assert page["has_more"] is False
    assert ANTHROPIC.models([])["first_id"] is None
