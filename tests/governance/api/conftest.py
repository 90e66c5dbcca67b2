"""Callers of the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance import services

ROOT = "/api/governance"


class Api:
    """A caller with one key, who speaks JSON."""

    def __init__(self, secret: str = "") -> None:
        self._client = Client(raise_request_exception=False)
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def __call__(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """The answer, with its status as `.status_code` and its document by `.json()`."""
        given = {} if body is None else {"data": body, "content_type": "application/json"}
        given |= {name: extra.pop(name) for name in ("content_type",) if name in extra}
        if body is not None and not isinstance(body, bytes | str):
            given["data"] = json.dumps(body)
        headers = {**self._headers, **extra.pop("headers", {})}
        return self._client.generic(method, f"{ROOT}{path}", headers=headers, **given, **extra)

    def get(self, path: str, **extra: Any) -> Any:
        return self("GET", path, **extra)

    def post(self, path: str, body: Any, **extra: Any) -> Any:
        return self("POST", path, body, **extra)

    def put(self, path: str, body: Any, **extra: Any) -> Any:
        return self("PUT", path, body, **extra)

    def patch(self, path: str, body: Any, **extra: Any) -> Any:
        return self("PATCH", path, body, **extra)

    def delete(self, path: str, **extra: Any) -> Any:
        return self("DELETE", path, **extra)


@pytest.fixture
def caller(db: None) -> Callable[..., Api]:
    """Makes callers with the given scopes."""

    def make(*scopes: str, **document: Any) -> Api:
        _, secret = services.create_key(
            {"name": "caller", "scopes": list(scopes), **document}, who="test"
        )
        return Api(secret)

    return make


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    """A caller who may do everything."""
    return caller("inference", "governance:read", "governance:write", "keys")


def error_of(answer: Any) -> dict[str, Any]:
    """The error in its envelope, which it must have."""
    document = json.loads(answer.content)
    assert set(document) == {"error"}
    assert set(document["error"]) == {"message", "type", "code", "fields"}
    error: dict[str, Any] = document["error"]
    assert error["message"]
    return error
