"""Routing tables over scripted upstreams."""

from __future__ import annotations

import hashlib
from typing import Any

from governance.routing.compile import compile_table
from governance.routing.table import ProviderEntry, RoutingTable, Target, VirtualKey
from tests.governance.routing.build import compile_regex, profile
from tests.support.upstream import Upstream

KEY = "pm-test-key"
HEADERS = {"Authorization": f"Bearer {KEY}"}


def provider(name: str, upstream: Upstream | str, **more: Any) -> ProviderEntry:
    """A local OpenAI-compatible provider that never waits long."""
    base_url = upstream if isinstance(upstream, str) else upstream.base_url
    return ProviderEntry(
        **{
            "name": name,
            "kind": "openai",
            "base_url": base_url,
            "is_local": True,
            "api_key": f"secret-of-{name}",
            "connect_timeout": 2.0,
            "first_event_timeout": 5.0,
            "idle_timeout": 5.0,
            "total_timeout": 20.0,
            **more,
        }
    )


def virtual_keys(**more: Any) -> dict[bytes, VirtualKey]:
    values: dict[str, Any] = {
        "id": "key-1",
        "name": "tests",
        "scopes": frozenset({"inference"}),
        **more,
    }
    return {hashlib.sha256(KEY.encode()).digest(): VirtualKey(**values)}


def chain(*providers: ProviderEntry, **more: Any) -> RoutingTable:
    """`light/light` over `providers` in their order, each with the model `<name>-model`."""
    targets = [
        Target(provider=one.name, model=f"{one.name}-model", virtual_model="", priority=place)
        for place, one in enumerate(providers)
    ]
    return compile_table(
        profiles=[profile(*targets, **{"local_fallback": "never", **more})],
        providers=providers,
        virtual_keys=virtual_keys(),
        compile_regex=compile_regex,
    )


def rebuilt(table: RoutingTable, **changed: Any) -> RoutingTable:
    """The same table with some of its parts replaced."""
    return compile_table(
        **{
            "providers": table.providers.values(),
            "profiles": table.profiles.values(),
            "virtual_keys": table.virtual_keys,
            "rules": table.rules,
            "mappings": table.mappings,
            "cloud_enabled": table.cloud_enabled,
            "compile_regex": compile_regex,
            **changed,
        }
    )
