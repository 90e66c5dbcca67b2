"""A gateway that leads back to itself: the second pass is refused, in the form of the caller."""

from __future__ import annotations

import socket

import httpx
import pytest

from governance.routing.addresses import is_own_address
from tests.inference.tables import HEADERS, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Json, Upstream

BODY = {"model": "light/light", "messages": [{"role": "user", "content": "x"}], "max_tokens": 9}


@pytest.mark.parametrize("path", ["chat/completions", "messages"])
def test_the_second_pass_is_refused(path: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    table = chain(provider("one", f"http://127.0.0.1:{port}/v1", api_key="pm-test-key"))
    with served(table, port=port) as gateway:
        answer = httpx.post(f"{gateway.url}/v1/{path}", json=BODY, headers=HEADERS, timeout=10)
    assert answer.status_code == 508
    assert "come through this gateway before" in answer.text


def test_hops_of_others_travel_on() -> None:
    """So that a circle of two gateways is seen as well."""
    with Upstream(Json(shapes.completion("x"))) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            headers = {**HEADERS, "x-pointsman-hops": "abc"}
            for more in (HEADERS, headers):
                url = f"{gateway.url}/v1/chat/completions"
                assert httpx.post(url, json=BODY, headers=more).status_code == 200
        first, second = (one.headers["x-pointsman-hops"] for one in upstream.asked)
    assert len(first) == 16
    assert sorted(second.split(", ")) == sorted([first, "abc"])


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000/v1", True),
        ("http://gateway.example:8000/v1", True),
        ("http://10.0.0.1:8000/v1", True),
        ("http://localhost:8001/v1", False),
        ("https://api.openai.com/v1", False),
        ("http://localhost:99999/v1", False),
        ("", False),
    ],
)
def test_which_addresses_lead_back(url: str, own: bool) -> None:
    assert is_own_address(url, "10.0.0.1:8000", ["gateway.example"]) is own
    assert not is_own_address(url, "", ["localhost"])
