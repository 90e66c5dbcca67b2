"""Headers that say which way a request went."""

from __future__ import annotations

import re

import pytest

from governance.interactions.record import AttemptRecord
from governance.routing.plan import Plan
from inference.edge import response_headers
from tests.governance.routing.build import profile
from tests.inference.dispatch.fakes import candidate, context


@pytest.mark.parametrize("given", [b"abc-1", b"a" * 128, b"req:1.2_3"])
def test_a_callers_request_id_is_kept(given: bytes) -> None:
    assert response_headers.request_id(given) == given.decode()


@pytest.mark.parametrize("given", [None, b"", b"a" * 129, b"two words", b"a\r\nb", "ü".encode()])
def test_another_is_made_where_it_is_not_sane(given: bytes | None) -> None:
    assert re.fullmatch(r"req_[0-9a-f]{24}", response_headers.request_id(given))


@pytest.mark.parametrize(("seconds", "value"), [(0.0, b"1"), (1.2, b"2"), (30, b"30")])
def test_retry_after_is_whole_seconds(seconds: float, value: bytes) -> None:
    assert response_headers.retry_after(seconds) == [(b"retry-after", value)]
    assert response_headers.retry_after(None) == []


def test_what_http_cannot_carry_is_encoded() -> None:
    assert response_headers.encoded("gpt-5 (a/b)") == b"gpt-5 (a/b)"
    assert response_headers.encoded("Zürich\r\nx: y") == b"Z%C3%BCrich%0D%0Ax: y"


def test_the_way_so_far() -> None:
    """As much of it as is known: the id at first, then the reason, then what was left out."""
    one = context()
    assert response_headers.routing_headers(one) == [(b"x-request-id", b"req_1")]
    one.plan = Plan(profile=profile(name="Gold"), reason="default")
    one.dropped = ("top_k", "seed")
    assert response_headers.routing_headers(one) == [
        (b"x-request-id", b"req_1"),
        (b"x-pointsman-reason", b"default"),
        (b"x-pointsman-profile", b"Gold"),
        (b"x-pointsman-dropped", b"top_k, seed"),
    ]


@pytest.mark.parametrize(
    ("fallback", "attempts", "said"),
    [(False, 1, b"none"), (False, 2, b"target"), (True, 1, b"local"), (True, 3, b"local")],
)
def test_who_answers(fallback: bool, attempts: int, said: bytes) -> None:
    answering = candidate("one", fallback=fallback)
    tried = context()
    tried.attempts += [AttemptRecord("another", "m", "retryable", "http_503", 503, 1.0)] * (
        attempts - 1
    )
    headers = dict(response_headers.answered(tried, answering, attempts))
    assert headers[b"x-pointsman-provider"] == b"one"
    assert headers[b"x-pointsman-model"] == b"one-model"
    assert headers[b"x-pointsman-attempts"] == str(attempts).encode()
    assert headers[b"x-pointsman-fallback"] == said
