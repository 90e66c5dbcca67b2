"""What a new installation is told to do next."""

from __future__ import annotations

from gateway.console.dashboard.steps import InstallationFacts, steps
from tests.governance.routing.build import cloud, local, profile, table, target

NOTHING = InstallationFacts(answered=False, key_used=False, keys=1)


def done(*rows: object, facts: InstallationFacts = NOTHING, **more: object) -> dict[str, bool]:
    return {step.code: step.done for step in steps(table(*rows, **more), facts)}


def test_a_new_installation_has_everything_before_it() -> None:
    """What ships, the local model and its profile, is no step taken."""
    shipped = profile(target("mlx"), id="light")
    assert done(local(), shipped) == {
        "talk": False,
        "provider": False,
        "profile": False,
        "key": False,
    }


def test_each_step_is_seen_when_it_is_taken() -> None:
    taken = InstallationFacts(answered=True, key_used=False, keys=2)
    mine = profile(target("openai"), virtual_provider="mine")
    assert all(done(local(), cloud(), mine, facts=taken).values())


def test_the_key_of_the_first_run_counts_once_it_is_used() -> None:
    assert done(facts=InstallationFacts(answered=False, key_used=True, keys=1))["key"]


def test_cloud_routing_is_a_step_where_there_is_a_cloud_provider() -> None:
    assert done(cloud(), cloud_enabled=False)["cloud"] is False
    assert done(cloud(), cloud_enabled=True)["cloud"] is True
    assert "cloud" not in done(local(), cloud_enabled=False)
