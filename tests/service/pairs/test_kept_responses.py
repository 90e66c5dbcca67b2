"""`/v1/responses/{id}` and `/v1/responses/input_tokens`: nothing is kept, tokens are estimated."""

from __future__ import annotations

import pytest

from tests.inference.tables import HEADERS
from tests.service.pairs.world import HTTP, World


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
@pytest.mark.parametrize("path", ["resp_1", "resp_1/cancel", "resp_1/input_items"])
def test_no_response_is_kept(everyone: World, method: str, path: str) -> None:
    url = f"{everyone.gateway.url}/v1/responses/{path}"
    answer = HTTP.request(method, url, headers=HEADERS)
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "not_found"
    assert "kept" in error["message"]


def test_input_tokens_are_estimated(everyone: World) -> None:
    answer = HTTP.post(
        f"{everyone.gateway.url}/v1/responses/input_tokens",
        json={"model": "to-anthropic/light", "input": "How many tokens is this?"},
        headers=HEADERS,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-pointsman-estimated"] == "true"
    told = answer.json()
    assert told["object"] == "response.input_tokens"
    assert told["input_tokens"] > 0
