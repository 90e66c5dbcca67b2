"""The parts of a profile that need not be there: its cache of answers and its shadow."""

from __future__ import annotations

from typing import Any

import pytest

from governance import frozen
from governance.change_summary import changed
from governance.change_summary.described import described
from governance.models import RoutingProfile
from governance.routing.table import CachePolicy, ShadowPolicy
from governance.serializers import ProfileSerializer

PLAIN: dict[str, Any] = {
    "id": "rp-1",
    "name": "Light",
    "virtual_provider": "light",
    "targets": [{"provider": "one", "model": "m"}],
}
CACHE = {"ttl": 60, "scope": "shared", "tools": False, "cadence": False}
SHADOW = {"target": "two/org/model", "percent": 12.5}


def row(**more: Any) -> RoutingProfile:
    document = {**PLAIN, **more}
    assert ProfileSerializer.problems(document) == []
    made = RoutingProfile()
    ProfileSerializer.fill(made, document)
    return made


def test_it_works() -> None:
    made = row(cache={"ttl": 60, "scope": "shared"}, shadow=SHADOW)
    document = ProfileSerializer.document(made)
    assert (document["cache"], document["shadow"]) == (CACHE, SHADOW)
    profile = frozen.profile(made)
    assert profile.cache == CachePolicy(60, "shared")
    assert profile.shadow == ShadowPolicy("two/org/model", 12.5)
    assert profile.shadow.place == ("two", "org/model")


def test_a_profile_has_neither_unless_somebody_says_so() -> None:
    made = row(cache=None)
    document = ProfileSerializer.document(made)
    assert (document["cache"], document["shadow"]) == (None, None)
    profile = frozen.profile(made)
    assert (profile.cache, profile.shadow) == (None, None)


def test_an_export_leaves_out_what_is_not_said() -> None:
    assert not {"cache", "shadow"} & set(ProfileSerializer.exported(row()))
    exported = ProfileSerializer.exported(row(cache={"ttl": 5}, shadow=SHADOW))
    assert exported["cache"] == {"ttl": 5, "scope": "key"}
    assert exported["shadow"] == SHADOW
    cadence = ProfileSerializer.exported(row(cache={"ttl": 5, "cadence": True}))["cache"]
    assert cadence == {"ttl": 5, "scope": "key", "cadence": True}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"cache": {}}, [("cache.ttl", "ttl is required.")]),
        ({"cache": 60}, [("cache", "cache must be an object, not a number.")]),
        ({"cache": {"ttl": 0}}, [("cache.ttl", "ttl must be a number from 1 to 2,592,000.")]),
        (
            {"cache": {"ttl": 1, "scope": "all"}},
            [("cache.scope", "scope must be key or shared.")],
        ),
        (
            {"cache": {"ttl": 1, "tools": "yes"}},
            [("cache.tools", "tools must be true or false, not a string.")],
        ),
        (
            {"shadow": {}},
            [
                ("shadow.target", "target is required."),
                ("shadow.percent", "percent is required."),
            ],
        ),
        (
            {"shadow": {"target": "two", "percent": 5}},
            [
                (
                    "shadow.target",
                    "target must be a provider and a model with a slash between, as openai/gpt-5.",
                )
            ],
        ),
        (
            {"shadow": {"target": "two/m", "percent": 101}},
            [("shadow.percent", "percent must be a number from 0 to 100.")],
        ),
        (
            {"local_only": True, "shadow": {"target": "far/m", "percent": 5}},
            [("shadow.target", '"far" is not local, and this profile is local_only.')],
        ),
    ],
)
def test_what_breaks_a_rule_is_told_at_its_place(
    said: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    found = ProfileSerializer.problems({**PLAIN, **said}, locality={"far": False, "one": True})
    assert [(one.path, one.message) for one in found] == told


def test_unknown_members_are_warned_of() -> None:
    document = {**PLAIN, "cache": {"ttl": 1, "size": 3}, "shadow": {**SHADOW, "share": 1}}
    unknown = [one.path for one in ProfileSerializer.unknown(document)]
    assert unknown == ["cache.size", "shadow.share"]


def test_changes_are_told_in_words() -> None:
    before = ProfileSerializer.document(row())
    cached = ProfileSerializer.document(row(cache={"ttl": 60, "tools": True}))
    longer = ProfileSerializer.document(row(cache={"ttl": 300}, shadow=SHADOW))
    assert changed(before, cached) == ["cache set to ttl 60, scope key, tools"]
    assert changed(cached, longer) == [
        "cache ttl 60 → 300",
        "cache tools turned off",
        "shadow set to target two/org/model, percent 12.5",
    ]
    assert changed(longer, before) == ["cache cleared", "shadow cleared"]
    assert "shadow: target two/org/model, percent 12.5" in described(longer)
