"""Keys that are good from some addresses, or on some paths, alone."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gateway.server.client_address import behind_proxy
from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from inference.edge.authentication import authenticate_caller
from inference.values.error_answer import ErrorAnswer

HEADERS = {b"x-api-key": b"pm-1"}


def asked(client: Any, path: str = "/v1/embeddings", **key: Any) -> VirtualKey | ErrorAnswer:
    found = VirtualKey("key-1", "ci", frozenset({"inference"}), **key)
    table = RoutingTable(virtual_keys={hashlib.sha256(b"pm-1").digest(): found})
    return authenticate_caller(HEADERS, table, 0.0, {"client": client, "path": path})


@pytest.mark.parametrize(
    ("client", "code"),
    [
        (("10.1.2.3", 5), ""),
        (("::ffff:10.1.2.3", 5), ""),
        (("10.2.0.1", 5), "address_not_allowed"),
        (None, "address_not_allowed"),
    ],
)
def test_an_address(client: Any, code: str) -> None:
    found = asked(client, addresses=("10.1.0.0/16",))
    assert (found.code if isinstance(found, ErrorAnswer) else "") == code


def test_a_path() -> None:
    assert isinstance(asked(None, endpoints=("/v1/embeddings",)), VirtualKey)
    refused = asked(None, "/v1/messages", endpoints=("/v1/embeddings",))
    assert isinstance(refused, ErrorAnswer)
    assert (refused.status, refused.code) == (403, "endpoint_not_allowed")
    assert "'ci' may not be used on this path" in refused.message


def test_behind_a_trusted_proxy_its_word_counts() -> None:
    seen: list[Any] = []

    def app(scope: Any, receive: Any, send: Any) -> Any:
        seen.append(scope["client"])

    forwarded = [(b"x-forwarded-for", b"6.6.6.6, 10.1.2.3")]
    scope = {"client": ("127.0.0.1", 1), "headers": forwarded}
    for headers in (forwarded, []):
        behind_proxy(app)({**scope, "headers": headers}, None, None)
    assert seen == [("10.1.2.3", 0), ("127.0.0.1", 1)]


def test_without_a_key_some_are_refused_where_none_is_required() -> None:
    """By headers that nothing else looks at; whoever shows a key is not asked."""
    no = ErrorAnswer(403, "No.", "origin_not_allowed")

    def refuses(headers: Any) -> ErrorAnswer | None:
        return no if dict(headers).get(b"origin") else None

    table = RoutingTable(
        virtual_keys={
            hashlib.sha256(b"pm-1").digest(): VirtualKey("k", "ci", frozenset({"inference"}))
        }
    )

    def found(given: dict[bytes, bytes], *headers: tuple[bytes, bytes]) -> Any:
        scope = {"path": "/v1/embeddings", "headers": list(headers)}
        return authenticate_caller(given, table, 0.0, scope, required=False, refuses=refuses)

    page = (b"origin", b"https://evil.example")
    assert found({}) is ANONYMOUS
    assert found({b"x-api-key": b"unknown"}) is ANONYMOUS
    assert found({}, page) is found({b"x-api-key": b"unknown"}, page) is no
    assert isinstance(found(HEADERS, page), VirtualKey)
