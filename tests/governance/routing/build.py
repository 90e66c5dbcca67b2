"""Short ways to write down routing tables in tests."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from governance.routing.breaker import HEALTHY, HealthReader, HealthStatus
from governance.routing.compile import compile_table
from governance.routing.plan import Plan
from governance.routing.request import RoutingRequest
from governance.routing.resolve import route
from governance.routing.table import (
    ANONYMOUS,
    Profile,
    ProviderEntry,
    RoutingTable,
    Target,
    VirtualKey,
)


def compile_regex(pattern: str) -> Callable[[str], bool]:
    """Of the whole name, as the product does by a linear-time engine."""
    compiled = re.compile(pattern)
    return lambda model: compiled.fullmatch(model) is not None


def local(name: str = "mlx", **more: Any) -> ProviderEntry:
    return ProviderEntry(
        **{
            "name": name,
            "kind": "mlx",
            "base_url": "",
            "is_local": True,
            "default_model": "tiny",
            **more,
        }
    )


def cloud(name: str = "openai", **more: Any) -> ProviderEntry:
    url = f"https://{name}.example/v1"
    return ProviderEntry(
        **{"name": name, "kind": "openai", "base_url": url, "is_local": False, **more}
    )


def target(provider: str = "mlx", model: str = "m", **more: Any) -> Target:
    for name in ("capabilities", "request_types"):
        if name in more:
            more[name] = frozenset(more[name])
    return Target(provider=provider, model=model, **more)


def profile(*targets: Target, virtual_provider: str = "light", **more: Any) -> Profile:
    placed = tuple(replace(one, position=index) for index, one in enumerate(targets))
    return Profile(
        **{
            "id": f"id-{virtual_provider}",
            "name": f"Profile {virtual_provider}",
            "virtual_provider": virtual_provider,
            "targets": placed,
            **more,
        }
    )


def table(*rows: Profile | ProviderEntry, **more: Any) -> RoutingTable:
    """A table with cloud routing on, unless told otherwise."""
    return compile_table(
        **{
            "profiles": [row for row in rows if isinstance(row, Profile)],
            "providers": [row for row in rows if isinstance(row, ProviderEntry)],
            "cloud_enabled": True,
            "compile_regex": compile_regex,
            **more,
        }
    )


def routing_request(model: str = "", *needs: str, **more: Any) -> RoutingRequest:
    return RoutingRequest(
        model=model, required_capabilities=frozenset(needs) or frozenset({"text"}), **more
    )


def plan(
    request: RoutingRequest,
    where: RoutingTable,
    virtual_key: VirtualKey = ANONYMOUS,
    health: HealthReader = HEALTHY,
    now: float = 0.0,
    seed: int = 0,
) -> Plan:
    return route(request, virtual_key, where, health, now, random.Random(seed))


def chain(decided: Plan) -> list[str]:
    """The candidates as `provider/model`; the local fallback as `~provider/model`."""
    return [
        f"{'~' if one.is_local_fallback else ''}{one.provider.name}/{one.model}"
        for one in decided.candidates
    ]


class Standings(dict[tuple[str, str], HealthStatus]):
    """Health read from a dictionary."""

    def status(self, provider: str, model: str) -> HealthStatus | None:
        return self.get((provider, model))
