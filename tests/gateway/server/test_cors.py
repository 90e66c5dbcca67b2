"""Without a key nobody asks by way of somebody else's browser."""

from __future__ import annotations

import pytest

from gateway.server.cors import foreign_page

HOSTS = ["localhost", "127.0.0.1", ".corp.example"]
ORIGINS = ["https://app.example"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, b"anything:8000"),
        (b"https://app.example", b"localhost:8000"),
        (b"HTTPS://APP.EXAMPLE", b"localhost:8000"),
        (b"http://localhost:8000", b"localhost:8000"),
        (b"https://llm.corp.example", b"llm.corp.example"),
    ],
)
def test_programs_and_pages_of_ours_may_ask(origin: bytes | None, host: bytes) -> None:
    headers = [(b"host", host)] + ([] if origin is None else [(b"origin", origin)])
    assert foreign_page(headers, ORIGINS, HOSTS) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"https://evil.example", b"localhost:8000"),
        (b"http://localhost:3000", b"localhost:8000"),
        (b"null", b"localhost:8000"),
        (b"", b"localhost:8000"),
        (b"", b""),
        (b"\xff", b"localhost:8000"),
        # A name that was made to lead here (DNS rebinding): the browser takes it for one origin.
        (b"http://evil.example:8000", b"evil.example:8000"),
    ],
)
def test_others_may_not(origin: bytes, host: bytes) -> None:
    found = foreign_page([(b"origin", origin), (b"host", host)], ORIGINS, HOSTS)
    assert found is not None
    assert (found.status, found.code) == (403, "origin_not_allowed")


def test_everybody_may_where_that_is_said() -> None:
    assert foreign_page([(b"origin", b"https://evil.example")], ["*"], HOSTS) is None
