"""What the tests of governance share: a clean table, documents that keep every rule, makers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from governance import snapshot
from governance.routing.table import RoutingTable


@pytest.fixture(autouse=True)
def clean_table() -> Iterator[None]:
    """No test sees the table of another."""
    snapshot.install(RoutingTable())
    yield
    snapshot.install(RoutingTable())


def profile_document(name: str = "light", /, **changes: Any) -> dict[str, Any]:
    """A profile that keeps every rule."""
    return {
        "id": name,
        "name": name.title(),
        "virtual_provider": name,
        "targets": [{"provider": "fast", "virtual_model": "small", "model": "m-1"}],
        **changes,
    }


def provider_document(name: str = "fast", /, **changes: Any) -> dict[str, Any]:
    """A provider that keeps every rule."""
    return {"name": name, "kind": "openai", "base_url": "http://127.0.0.1:9/v1", **changes}
