"""When local inference takes what the route itself can not."""

import random
from dataclasses import replace

import pytest

from governance.routing.breaker import HEALTHY, HealthStatus
from governance.routing.explain import simulate
from governance.routing.fallback_modes import mode_of, sentence
from governance.routing.table import ANONYMOUS, RateLimit
from tests.governance.routing.build import (
    Standings,
    chain,
    cloud,
    local,
    plan,
    profile,
    routing_request,
    table,
    target,
)


def decide(*rows, request=None, virtual_key=ANONYMOUS, health=HEALTHY, **more):
    """The plan for `light/light` over one profile and the providers given."""
    return plan(
        request or routing_request("light/light"), table(*rows, **more), virtual_key, health
    )


def test_it_comes_last():
    decided = decide(cloud(), local(), profile(target("openai")))
    assert chain(decided) == ["openai/m", "~mlx/tiny"]
    assert decided.warning == ""


def test_it_takes_over_from_an_empty_chain_with_a_warning():
    decided = decide(cloud(), local(), profile(target("openai")), cloud_enabled=False)
    assert chain(decided) == ["~mlx/tiny"]
    assert "cloud_routing_disabled" in decided.warning
    assert decided.refusal is None


def test_it_is_not_repeated():
    decided = decide(cloud(), local(), profile(target("openai"), target("MLX", "tiny")))
    assert chain(decided) == ["openai/m", "mlx/tiny"]


def test_it_is_added_when_its_own_target_is_out_at_the_moment():
    row = target(model="tiny", rate_limit=RateLimit(request_percent=50))
    health = Standings({("mlx", "tiny"): HealthStatus(request_percent=60)})
    assert chain(decide(local(), profile(row), health=health)) == ["~mlx/tiny"]


@pytest.mark.parametrize(
    ("fallback", "virtual_key"),
    [
        ("never", ANONYMOUS),
        ("default", replace(ANONYMOUS, local_fallback="never")),
    ],
)
def test_profile_and_key_may_each_forbid_it(fallback, virtual_key):
    rows = profile(target("ghost"), local_fallback=fallback)
    refusal = decide(local(), rows, virtual_key=virtual_key).refusal
    assert (refusal.status, refusal.code) == (503, "no_candidate")
    assert 'There is no provider "ghost"' in refusal.message


@pytest.mark.parametrize(
    ("engine", "request_"),
    [
        (local(capabilities=frozenset({"text"})), routing_request("light/x", "text", "vision")),
        (local(), routing_request("light/x", request_type="embeddings")),
        (local(default_model=""), routing_request("light/x")),
        (local(enabled=False), routing_request("light/x")),
    ],
)
def test_it_must_be_able_to_serve(engine, request_):
    decided = decide(cloud(), engine, profile(target("openai")), request=request_)
    assert chain(decided) == ["openai/m"]


def test_features_do_not_stop_it():
    engine = local(capabilities=frozenset({"text"}))
    decided = decide(
        engine, profile(target("ghost")), request=routing_request("light/x", "text", "tools")
    )
    assert chain(decided) == ["~mlx/tiny"]


@pytest.mark.parametrize(
    ("installation", "of_profile", "of_key", "mode", "said_by"),
    [
        ("always", "default", "default", "always", "installation"),
        ("never", "default", "default", "never", "installation"),
        ("never", "always", "default", "always", "profile"),
        ("never", "default", "unreachable", "unreachable", "key"),
        ("always", "unreachable", "always", "unreachable", "profile"),
        ("unreachable", "always", "never", "never", "key"),
    ],
)
def test_the_strictest_who_says_something_decides(installation, of_profile, of_key, mode, said_by):
    assert mode_of(installation, of_profile, of_key) == (mode, said_by)
    told = sentence(mode_of(installation, of_profile, of_key), "mlx / tiny")
    assert ("mlx / tiny" in told) == (mode != "never")
    assert ("POINTSMAN_LOCAL_FALLBACK" in told) == (said_by == "installation")


def test_installation_decides_where_nobody_else_does():
    rows = (cloud(), local(), profile(target("openai")))
    assert chain(decide(*rows, local_fallback="never")) == ["openai/m"]
    decided = decide(*rows, local_fallback="unreachable")
    assert chain(decided) == ["openai/m", "~mlx/tiny"]
    assert decided.candidates[-1].only_unreachable
    own = profile(target("openai"), local_fallback="always")
    decided = decide(cloud(), local(), own, local_fallback="never")
    assert chain(decided) == ["openai/m", "~mlx/tiny"]
    assert not decided.candidates[-1].only_unreachable


def test_unreachable_takes_over_from_the_overloaded_alone():
    """What is switched off or missing is no outage; a limit that is used up is."""
    rows = (cloud(), local(), profile(target("openai"), target("ghost")))
    off = decide(*rows, local_fallback="unreachable", cloud_enabled=False)
    assert off.refusal.code == "no_candidate"
    spent = profile(target("openai", rate_limit=RateLimit(request_percent=50)))
    health = Standings({("openai", "m"): HealthStatus(request_percent=60)})
    decided = decide(cloud(), local(), spent, health=health, local_fallback="unreachable")
    assert chain(decided) == ["~mlx/tiny"]


def test_a_model_nobody_knows_falls_only_where_it_always_does():
    for mode, falls in (("always", True), ("unreachable", False), ("never", False)):
        decided = plan(routing_request("gpt-9"), table(local(), cloud(), local_fallback=mode))
        assert (decided.refusal is None) == falls
        assert falls or decided.refusal.code == "model_not_found"


def test_simulations_say_it():
    where = table(cloud(), local(), profile(target("openai")), local_fallback="unreachable")
    told = simulate(
        routing_request("light/x"), ANONYMOUS, where, HEALTHY, 0.0, random.Random(0)
    ).document()
    assert told["local_fallback"]["mode"] == "unreachable"
    assert "mlx / tiny" in told["local_fallback"]["detail"]


def test_an_unknown_model_goes_there_with_cloud_routing_on():
    decided = plan(routing_request("gpt-9"), table(local(), cloud()))
    assert chain(decided) == ["~mlx/tiny"]
    assert (decided.profile, decided.reason) == (None, "default")
    assert "no mapping" in decided.warning
