"""What an operator is told to look at first."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.console.monitoring.attention import attention
from gateway.console.monitoring.troubles import Recent
from governance.routing.table import Profile, ProviderEntry
from tests.governance.routing.build import cloud, local, profile, table, target

BAD = Recent("OpenAI", 9, 10, "http_503", refused=False)
OFF = {"cloud_enabled": False}


def codes(*rows: Profile | ProviderEntry, **more: Any) -> list[tuple[str, str]]:
    said: dict[str, Any] = {name: more.pop(name, ()) for name in ("troubles", "unreadable")}
    return [(one.level, one.code) for one in attention(table(*rows, **more), **said)]


def test_a_sound_installation_needs_none() -> None:
    assert codes(local(is_default=True), cloud(), profile(target("openai"), target("mlx"))) == []


def test_without_providers() -> None:
    assert codes() == [("bad", "no_provider")]
    assert codes(local(enabled=False)) == [("bad", "no_provider")]


def test_without_a_default() -> None:
    """Two providers and none marked. One alone is the default."""
    assert codes(cloud("a"), cloud("b")) == [("warn", "default_missing")]
    assert codes(cloud("a")) == []


def test_a_failing_provider_is_told_by_its_name() -> None:
    (one,) = attention(table(cloud(), local(is_default=True)), [BAD])
    assert (one.title, one.kind, one.subject) == ("openai is failing", "provider", "openai")
    assert one.detail == "9 of the last 10 attempts failed, the latest: http 503."


def test_a_provider_that_refuses_is_told_apart() -> None:
    refused = Recent("openai", 1, 1, "http_401", refused=True)
    (one,) = attention(table(cloud(), local(is_default=True)), [refused])
    assert one.title == "openai refuses this gateway"
    assert "credential" in one.detail


def test_what_is_off_or_gone_fails_nobody() -> None:
    assert codes(cloud(enabled=False), local(), troubles=[BAD]) == []
    assert codes(local(), troubles=[BAD]) == []


def test_an_unreadable_credential() -> None:
    assert codes(local(), unreadable=["openai"]) == [("bad", "credential_unreadable")]


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        ([cloud(), local(), profile(target("openai"))], OFF, [("warn", "cloud_only")]),
        ([cloud(), profile(target("openai"))], OFF, [("bad", "cloud_only")]),
        (
            [cloud(), local(), profile(target("openai"), local_fallback="never")],
            OFF,
            [("bad", "cloud_only")],
        ),
        ([cloud(), local(), profile(target("openai"), enabled=False)], OFF, []),
        ([cloud(), local(), profile(target("openai"), target("mlx"))], OFF, []),
        ([local(), profile(target("gone"))], {}, [("warn", "no_live_target")]),
        ([local(), profile(target("mlx", enabled=False))], {}, [("warn", "no_live_target")]),
        (
            [local(), cloud(), profile(target("openai"), local_only=True)],
            {},
            [("warn", "default_missing"), ("warn", "no_live_target")],
        ),
    ],
)
def test_profiles_that_lead_nowhere(rows: Any, more: Any, expected: Any) -> None:
    """Worse where local inference does not take over."""
    assert codes(*rows, **more) == expected


def test_a_profile_that_falls_to_local_says_so() -> None:
    (one,) = attention(table(cloud(), local(), profile(target("openai")), **OFF))
    assert "fall to mlx on this machine" in one.detail
    assert "POINTSMAN_ENABLE_CLOUD_ROUTING=true" in one.detail
    assert (one.kind, one.subject) == ("profile", "id-light")


def test_the_worst_comes_first() -> None:
    levels = [
        level
        for level, _ in codes(
            cloud("a"), cloud("b"), profile(target("gone")), unreadable=["a"], troubles=[]
        )
    ]
    assert levels == sorted(levels)
