"""The badges of a target: everything that skips it or stands in its way, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.console.monitoring.current_health import CurrentHealth, EngineState, ModelHealth
from gateway.console.targets.badges import profile_badge, reach_badges
from gateway.console.targets.cautions import cautions
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.routing.breaker import HealthStatus

PROVIDERS = {
    "fast": Provider(name="Fast", kind="openai", base_url="http://127.0.0.1:9/v1", is_local=True),
    "cloud": Provider(name="Cloud", kind="openai", base_url="https://a.example", models=["m"]),
    "off": Provider(name="Off", kind="openai", is_local=True, enabled=False),
    "mlx": Provider(name="mlx", kind="mlx", is_local=True, default_model="small"),
    "lost": Provider(name="lost", kind="openai", is_local=True, sealed_api_key="nothing opens it"),
    "anthropic": Provider(name="anthropic", kind="anthropic", is_local=True),
}


def target(provider: str, **more: Any) -> RoutingTarget:
    return RoutingTarget(**{"provider": provider, "model": "m", **more})


@pytest.mark.parametrize(
    ("one", "profile", "cloud", "expected"),
    [
        (target("FAST"), {}, False, ["local"]),
        (target("cloud"), {}, True, ["cloud"]),
        (target("fast", enabled=False), {}, False, ["disabled"]),
        (target("nobody"), {}, False, ["not configured"]),
        (target("off"), {}, False, ["provider disabled"]),
        (target("cloud"), {}, False, ["cloud off"]),
        (target("cloud"), {"local_only": True}, True, ["local only"]),
        (target("cloud"), {"local_only": True}, False, ["local only", "cloud off"]),
        (target("nobody", enabled=False), {}, False, ["disabled", "not configured"]),
        (target("off", enabled=False), {}, False, ["disabled", "provider disabled"]),
        (target("anthropic", request_types=["embeddings"]), {}, False, ["request types"]),
        (target("anthropic", request_types=["embeddings", "chat"]), {}, False, ["local"]),
    ],
)
def test_every_reason_that_skips_it(
    one: RoutingTarget, profile: dict[str, bool], cloud: bool, expected: list[str]
) -> None:
    badges = reach_badges(one, RoutingProfile(**profile), PROVIDERS, cloud)
    assert [badge.text for badge in badges] == expected
    assert all(badge.detail.endswith(".") for badge in badges)


def open_for(seconds: float, model: str = "m") -> dict[str, CurrentHealth]:
    return {"fast": CurrentHealth(models=(ModelHealth(model, HealthStatus("open"), seconds),))}


USED = CurrentHealth(models=(ModelHealth("m", HealthStatus(token_percent=85.0), 0.0),))


@pytest.mark.parametrize(
    ("one", "live", "engine", "expected"),
    [
        (target("fast"), {}, None, []),
        (target("fast", model=""), {}, None, ["no model"]),
        (target("mlx", model=""), {}, None, []),
        (target("cloud"), {}, None, ["no key"]),
        (target("lost"), {}, None, ["credential unreadable"]),
        (target("mlx"), {}, EngineState(runs=False), ["engine off"]),
        (target("mlx"), {}, EngineState(runs=True, models=frozenset({"small"})), ["model missing"]),
        (target("mlx", model=""), {}, EngineState(runs=True, models=frozenset({"small"})), []),
        (
            target("mlx", model="small"),
            {},
            EngineState(runs=True, models=frozenset({"small"}), failed={"small": "Out of memory."}),
            ["model failed"],
        ),
        (target("fast"), open_for(4), None, ["cooling down"]),
        (target("fast"), open_for(0), None, []),
        (target("fast"), open_for(4, "other"), None, []),
        (target("fast"), {"fast": CurrentHealth(under_way=2, slots=2)}, None, ["busy"]),
        (target("fast"), {"fast": USED}, None, []),
        (target("fast", token_percent_threshold=80), {"fast": USED}, None, ["limit used"]),
    ],
)
def test_what_stands_in_its_way_at_this_moment(
    one: RoutingTarget,
    live: dict[str, CurrentHealth],
    engine: EngineState | None,
    expected: list[str],
) -> None:
    badges = cautions(one, PROVIDERS[one.provider.casefold()], live, engine)
    assert [badge.text for badge in badges] == expected
    assert all(badge.detail.endswith(".") for badge in badges)


def test_a_profile_with_a_target_that_is_tried_is_no_dead_end() -> None:
    """A missing key skips nothing: the request goes there."""
    profile = RoutingProfile(local_fallback="never")
    assert profile_badge(profile, [target("cloud")], PROVIDERS, True).text == "cloud"
    assert profile_badge(profile, [target("nobody")], PROVIDERS, True).text == "unreachable"
