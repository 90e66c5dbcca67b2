from __future__ import annotations

import http.client
import time

import pytest

from benchmarks import asks
from benchmarks.programs import Mock
from benchmarks.routes import ROUTES, Route
from tests.support.timing import allowed


def ask(mock: Mock, route: Route, *, stream: bool, usage: bool = False) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=20)
    body = asks.body(route.protocol, "m", stream=stream)
    if usage:
        body = body[:-1] + b',"stream_options":{"include_usage":true}}'
    path = route.base_path + asks.PATHS[route.protocol]
    connection.request("POST", path, body, asks.headers(route.protocol, "k"))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.mark.parametrize("name", ["openai-64", "openai-5000", "openai-limits", "anthropic-64"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_route_answers_rightly(mock: Mock, name: str, stream: bool) -> None:
    status, content = ask(mock, ROUTES[name], stream=stream)

    assert status == 200
    assert asks.problem_with(content, ROUTES[name].protocol, ROUTES[name], stream=stream) is None


def test_usage_comes_when_asked_for(mock: Mock) -> None:
    """As from OpenAI: the gateway asks for usage and drops it again where its caller did not."""
    route = ROUTES["openai-64"]

    _, without = ask(mock, route, stream=True)
    _, with_usage = ask(mock, route, stream=True, usage=True)

    assert b'"usage"' not in without
    assert with_usage.count(b'"usage"') == 1
    assert with_usage.count(b"\n\n") == without.count(b"\n\n") + 1


def test_a_flaky_route_refuses_every_third(mock: Mock) -> None:
    statuses = [ask(mock, ROUTES["openai-flaky"], stream=False)[0] for _ in range(6)]

    assert statuses == [200, 200, 503, 200, 200, 503]
    assert mock.stats() == {"served": 4, "refused": 2, "open_streams": 0}


def test_a_paced_stream_takes_its_time(mock: Mock) -> None:
    """63 pauses of 20 ms, counted from one another rather than from each write."""
    began = time.monotonic()
    ask(mock, ROUTES["openai-paced"], stream=True)
    took = time.monotonic() - began

    assert 1.25 <= took < allowed(3)


def test_unknown_routes_are_said_to_be_unknown(mock: Mock) -> None:
    assert ask(mock, Route("nowhere", "openai"), stream=False)[0] == 404
