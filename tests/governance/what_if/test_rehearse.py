"""What a rehearsal says of one request."""

from __future__ import annotations

from typing import Any

from governance.routing.breaker import HealthStatus
from governance.routing.request import RoutingRequest
from governance.routing.table import HeuristicRuleEntry, Profile, RoutingTable, VirtualKey
from governance.what_if.rehearse import Rehearsal, rehearse
from tests.governance.routing.build import (
    Standings,
    cloud,
    local,
    profile,
    routing_request,
    table,
    target,
)


def document(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "id-light",
        "name": "Profile light",
        "virtual_provider": "light",
        "local_fallback": "never",
        "targets": list(targets),
        **more,
    }


def to(provider: str, model: str = "m", **more: Any) -> dict[str, Any]:
    return {"provider": provider, "model": model, **more}


PROVIDERS = (cloud("a"), cloud("b"), local(is_default=True))


def saved(*targets: Any, **more: Any) -> Profile:
    return profile(*targets, **{"local_fallback": "never", **more})


def said(
    draft: dict[str, Any], where: RoutingTable, request: RoutingRequest | None = None, **more: Any
) -> Rehearsal:
    return rehearse(draft, request or routing_request(), where, **more)


def test_it_says_what_would_happen_and_what_changes() -> None:
    """A target is put before the one that is saved."""
    where = table(*PROVIDERS, saved(target("a")))
    rehearsed = said(document(to("b"), to("a", priority=1)), where)
    assert [one.provider for one in rehearsed.draft.candidates] == ["b", "a"]
    assert rehearsed.saved is not None
    assert [(one.provider, one.words) for one in rehearsed.changes] == [
        ("b", "joins the chain at place 1"),
        ("a", "moves from place 1 to 2"),
    ]
    assert not rehearsed.same


def test_what_leaves_the_chain_is_told() -> None:
    where = table(*PROVIDERS, saved(target("a"), target("b", priority=1)))
    (change,) = said(document(to("a"), to("b", priority=1, enabled=False)), where).changes
    assert (change.provider, change.words) == ("b", "leaves the chain, where it was at place 2")


def test_the_same_again_changes_nothing() -> None:
    where = table(*PROVIDERS, saved(target("a")))
    assert said(document(to("a")), where).same


def test_weights_are_told_as_exact_chances() -> None:
    where = table(*PROVIDERS, saved(target("a"), target("b"), strategy="weighted"))
    draft = document(to("a", weight=3), to("b", weight=1), strategy="weighted")
    changes = {one.provider: one for one in said(draft, where).changes}
    assert (changes["a"].probability_before, changes["a"].probability_after) == (0.5, 0.75)
    assert "comes first in 25.0% of requests instead of 50.0%" in changes["b"].words


def test_a_profile_that_is_not_saved_yet_has_nothing_to_differ_from() -> None:
    rehearsed = said(document(to("a")), table(*PROVIDERS))
    assert rehearsed.saved is None
    assert [one.provider for one in rehearsed.draft.candidates] == ["a"]
    assert not rehearsed.same


def test_inside_the_request_goes_to_the_profile_whatever_it_names() -> None:
    where = table(*PROVIDERS, saved(target("a")))
    rehearsed = said(document(to("a")), where, routing_request("b/m"))
    assert rehearsed.draft.reason == "caller_hint"
    assert rehearsed.draft.candidates[0].provider == "a"


def test_outside_the_whole_policy_decides() -> None:
    """Renaming the virtual provider sends its callers elsewhere, and that is said."""
    where = table(*PROVIDERS, saved(target("a")), cloud_enabled=True)
    renamed = document(to("a"), virtual_provider="other")
    rehearsed = said(renamed, where, routing_request("light/x"), inside=False)
    assert rehearsed.draft.profile is None
    assert "leaves the chain" in rehearsed.changes[-1].words


def test_a_new_refusal_and_its_end_are_said() -> None:
    where = table(*PROVIDERS, saved(target("a")))
    off = document(to("gone"))
    assert said(off, where).moved == "The request would be refused; now it is answered."
    where = table(*PROVIDERS, saved(target("gone")))
    assert (
        said(document(to("a")), where).moved == "The request would be answered; now it is refused."
    )


def test_another_profile_is_said() -> None:
    """A rule that slept wakes up when the profile it names comes into being."""
    where = table(*PROVIDERS, rules=[HeuristicRuleEntry("simple", "fast")])
    draft = document(to("a"), id="fast", name="Fast", virtual_provider="fast")
    rehearsed = said(draft, where, inside=False)
    assert (
        rehearsed.moved
        == "The request would go to the profile Fast; now it goes to the provider mlx."
    )
    assert rehearsed.draft.reason == "heuristic_rule:simple"


def test_what_if_moves_the_chain() -> None:
    """A provider that is down goes behind, one that used up its limit drops out."""
    where = table(*PROVIDERS, saved(target("a"), target("b", priority=1)))
    draft = document(to("a"), to("b", priority=1))
    down = Standings({("a", "m"): HealthStatus("open", until=1e9)})
    rehearsed = said(draft, where, health=down)
    assert [one.provider for one in rehearsed.draft.candidates] == ["b", "a"]
    assert rehearsed.draft.candidates[1].demoted == "cooling_down"
    limited = Standings({("a", "m"): HealthStatus(request_percent=100.0)})
    rehearsed = said(draft, where, health=limited)
    assert [one.provider for one in rehearsed.draft.candidates] == ["b"]
    assert rehearsed.draft.rejections[0].reason == "request_threshold_exceeded"


def test_a_profile_of_one_key_is_rehearsed_with_that_key() -> None:
    """With what the key itself forbids, and also before there is such a key."""
    key = VirtualKey("key-1", "Build", frozenset({"inference"}), local_only=True)
    where = table(*PROVIDERS, saved(target("a")), virtual_keys={b"x": key})
    mine = document(to("a"), to("mlx", priority=1), virtual_key_id="key-1")
    rehearsed = said(mine, where)
    assert [one.provider for one in rehearsed.draft.candidates] == ["mlx"]
    unknown = document(to("a"), virtual_key_id="key-2")
    assert said(unknown, where).draft.candidates[0].provider == "a"


def test_a_disabled_draft_says_so() -> None:
    where = table(*PROVIDERS, saved(target("a")))
    rehearsed = said(document(to("a"), enabled=False), where)
    assert rehearsed.draft.refusal is not None
    assert "is disabled" in rehearsed.draft.refusal.message


def test_what_goes_on_beside_is_said() -> None:
    cache, shadow = {"ttl": 60, "scope": "key"}, {"target": "fast/m", "percent": 5}
    where = table(*PROVIDERS, saved(target("a")))
    found = said(document(to("a"), cache=cache, shadow={**shadow, "target": "b/m"}), where)
    assert found.beside == (
        "The same request of the key that asked is answered again for 60 seconds, at no cost.",
        "5 % of such requests are sent to b/m too.",
    )
    assert not said(document(to("a")), where).beside
