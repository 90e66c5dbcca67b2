"""The candidates of a request and the verdict on every target."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from governance.routing.breaker import HEALTHY, HealthStatus
from governance.routing.plan import REJECTIONS
from governance.routing.resolve import route
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


def verdicts(decided):
    return [one.rejection for one in decided.verdicts]


def decide(*rows, request=None, virtual_key=ANONYMOUS, health=HEALTHY, now=0.0, **more):
    """The plan for `light/light` over one profile and the providers given."""
    return plan(
        request or routing_request("light/light"), table(*rows, **more), virtual_key, health, now
    )


def light(*targets, **more):
    return profile(*targets, **{"local_fallback": "never", **more})


def test_it_works():
    """`light/light` goes to the target's own provider and model."""
    decided = decide(local(), profile(target(virtual_model="light", model="SmolLM2")))
    assert chain(decided) == ["mlx/SmolLM2", "~mlx/tiny"]
    assert (decided.reason, decided.alias, decided.refusal) == ("virtual_model", "light", None)
    assert verdicts(decided) == [None]


class TestOrder:
    def test_ordered_failover(self):
        rows = [target(model="c", priority=2), target(model="b", weight=1), target(model="a")]
        rows[2] = replace(rows[2], weight=5)
        assert chain(decide(local(), light(*rows))) == ["mlx/a", "mlx/b", "mlx/c"]

    def test_weighted_distributes_and_draws_the_fallbacks_too(self):
        rows = [target(model="a", weight=7), target(model="b", weight=2), target(model="c")]
        where = table(local(), light(*rows, strategy="weighted"))
        rng, first, second = random.Random(5), Counter(), Counter()
        for _ in range(10_000):
            decided = route(routing_request("light/x"), ANONYMOUS, where, HEALTHY, 0.0, rng)
            first[decided.candidates[0].model] += 1
            second[decided.candidates[1].model] += 1
        assert first["a"] / 10_000 == pytest.approx(0.7, abs=0.02)
        assert first["b"] / 10_000 == pytest.approx(0.2, abs=0.02)
        expected = 0.7 * (2 / 3) + 0.1 * (2 / 9)
        assert second["b"] / 10_000 == pytest.approx(expected, abs=0.02)

    def test_what_cools_down_or_is_full_goes_behind_in_its_order(self):
        rows = [target(model=name, priority=index) for index, name in enumerate("abcd")]
        health = Standings(
            {
                ("mlx", "a"): HealthStatus("open", until=5.0),
                ("mlx", "b"): HealthStatus(saturated=True),
                ("mlx", "c"): HealthStatus("open", until=1.0),
            }
        )
        decided = decide(local(), light(*rows), health=health, now=2.0)
        assert chain(decided) == ["mlx/c", "mlx/d", "mlx/a", "mlx/b"]
        assert [one.demoted for one in decided.verdicts] == [
            "cooling_down",
            "saturated",
            None,
            None,
        ]

    def test_it_is_tried_even_if_everything_cools_down(self):
        health = Standings({("mlx", "m"): HealthStatus("open", until=5.0)})
        assert chain(decide(local(), light(target()), health=health)) == ["mlx/m"]


class TestModels:
    """The model belongs to the target; names pass through only where nobody said otherwise."""

    def test_a_target_without_model_passes_the_name_on(self):
        decided = decide(
            cloud(), light(target("openai", "")), request=routing_request("light/gpt-4o")
        )
        assert chain(decided) == ["openai/gpt-4o"]

    def test_an_alias_of_the_profile_is_no_model_of_a_provider(self):
        """Failing over from a named alias must not ask the next provider for that alias."""
        rows = [target(virtual_model="light", model="a"), target("openai", "", priority=1)]
        decided = decide(local(), cloud(default_model="gpt"), light(*rows))
        assert chain(decided) == ["mlx/a", "openai/gpt"]

    def test_without_alias_the_provider_chooses(self):
        decided = decide(
            local(), light(target(model="")), request=routing_request(profile_hint="light")
        )
        assert chain(decided) == ["mlx/tiny"]

    def test_without_any_model_it_is_rejected(self):
        decided = decide(
            cloud(), light(target("openai", "")), request=routing_request(profile_hint="light")
        )
        assert verdicts(decided) == ["model_missing"]
        assert (decided.refusal.status, decided.refusal.code) == (400, "model_missing")

    def test_a_provider_named_directly_gets_the_model_named(self):
        decided = decide(cloud(), local(), request=routing_request("openai/org/m"))
        assert chain(decided) == ["openai/org/m", "~mlx/tiny"]
        assert decided.profile.implicit


class TestAliases:
    PROFILE = light(
        target(virtual_model="large", model="a"), target(virtual_model="Small", model="b")
    )

    def test_only_the_alias_asked_for_is_served_whatever_its_case(self):
        decided = decide(local(), self.PROFILE, request=routing_request("light/SMALL"))
        assert chain(decided) == ["mlx/b"]
        assert verdicts(decided) == ["virtual_model_mismatch", None]

    def test_no_alias_in_particular_is_served_by_all(self):
        decided = decide(local(), self.PROFILE, request=routing_request(profile_hint="light"))
        assert chain(decided) == ["mlx/a", "mlx/b"]

    @pytest.mark.parametrize("wild", ["*", ""])
    def test_a_wildcard_serves_every_alias(self, wild):
        rows = light(target(virtual_model=wild, model="a"))
        assert chain(decide(local(), rows, request=routing_request("light/anything"))) == ["mlx/a"]

    def test_an_unknown_alias_is_a_404_that_names_the_others(self):
        """Even with local inference at hand: a misspelt name is the caller's to mend."""
        generous = replace(self.PROFILE, local_fallback="default")
        refusal = decide(local(), generous, request=routing_request("light/lrage")).refusal
        assert (refusal.status, refusal.code, refusal.field) == (404, "model_not_found", "model")
        assert "light/Small, light/large" in refusal.message

    def test_an_alias_whose_target_is_disabled_is_out_of_service_not_unknown(self):
        rows = light(target(virtual_model="light", enabled=False), target(virtual_model="b"))
        refusal = decide(local(), rows).refusal
        assert (refusal.status, refusal.code) == (503, "no_candidate")


class TestRejections:
    @pytest.mark.parametrize(
        ("row", "context", "expected"),
        [
            (target(enabled=False), {}, "target_disabled"),
            (target(request_types={"embeddings"}), {}, "request_type_mismatch"),
            (target(capabilities={"vision"}), {}, "capability_mismatch"),
            (target("ghost"), {}, "provider_not_configured"),
            (target("off"), {}, "provider_disabled"),
            (target("openai"), {"cloud_enabled": False}, "cloud_routing_disabled"),
        ],
    )
    def test_reasons(self, row, context, expected):
        other = target(virtual_model="light", priority=9)
        decided = decide(
            local(), cloud(), cloud("off", enabled=False), light(row, other), **context
        )
        assert verdicts(decided) == [expected, None]
        assert decided.verdicts[0].detail

    def test_a_kind_that_does_not_speak_the_request_type(self):
        decided = decide(
            cloud(), local(), light(target(), target("openai")), request=routing_request("light/x")
        )
        assert verdicts(decided) == [None, None]
        embeddings = routing_request("light/x", request_type="embeddings")
        decided = decide(cloud(), local(), light(target(), target("openai")), request=embeddings)
        assert verdicts(decided) == ["request_type_mismatch", None]

    def test_the_first_reason_in_the_closed_order_is_given(self):
        """Each target breaks everything from some point on; the earliest is said."""
        worst = {"capabilities": {"text"}, "request_types": {"responses"}, "virtual_model": "b"}
        rows = [
            target("ghost", enabled=False, **worst),
            target("ghost", **worst),
            target("ghost", **{**worst, "virtual_model": "*"}),
            target("ghost", capabilities={"text"}),
            target("ghost"),
            target("off", ""),
            target("openai", ""),
        ]
        off = cloud("off", enabled=False)
        decided = decide(
            off,
            cloud(),
            light(*rows),
            request=routing_request("light/x", "vision"),
            cloud_enabled=False,
        )
        assert verdicts(decided) == list(REJECTIONS[:7])

    def test_local_only_of_profile_or_key(self):
        for virtual_key, demand in (
            (ANONYMOUS, True),
            (replace(ANONYMOUS, local_only=True), False),
        ):
            rows = light(target("openai"), target(), local_only=demand)
            decided = decide(cloud(), local(), rows, virtual_key=virtual_key)
            assert verdicts(decided) == ["local_only", None]

    def test_a_cloud_kind_on_this_machine_is_local(self):
        lab = cloud("lab", is_local=True)
        rows = light(target("lab"), local_only=True)
        assert chain(decide(lab, rows, cloud_enabled=False)) == ["lab/m"]

    @pytest.mark.parametrize("limit", ["request", "token", "budget"])
    def test_thresholds(self, limit):
        row = target(rate_limit=RateLimit(**{f"{limit}_percent": 80.0}))
        used = {
            used: Standings({("mlx", "m"): HealthStatus(**{f"{limit}_percent": used})})
            for used in (79.9, 80.0)
        }
        assert chain(decide(local(), light(row), health=used[79.9])) == ["mlx/m"]
        decided = decide(local(), light(row), health=used[80.0])
        assert verdicts(decided) == [f"{limit}_threshold_exceeded"]
        assert "80 %" in decided.verdicts[0].detail

    def test_without_a_limit_no_threshold_applies(self):
        row = target(rate_limit=RateLimit(0.0, 0.0, 0.0))
        health = Standings({("mlx", "m"): HealthStatus()})
        assert chain(decide(local(), light(row), health=health)) == ["mlx/m"]


class TestCapabilities:
    """R2.14."""

    ROWS = light(
        target(model="blind", capabilities={"text"}),
        target(model="eyes", capabilities={"vision"}, priority=1),
        target(model="all", priority=2),
    )

    def test_text_avoids_the_specialist(self):
        assert chain(decide(local(), self.ROWS)) == ["mlx/blind", "mlx/all"]

    def test_vision_avoids_the_blind(self):
        request = routing_request("light/x", "text", "vision")
        assert chain(decide(local(), self.ROWS, request=request)) == ["mlx/eyes", "mlx/all"]

    def test_nobody_can_is_a_400_that_says_what_was_needed(self):
        rows = light(target(capabilities={"text"}))
        refusal = decide(local(), rows, request=routing_request("light/x", "audio")).refusal
        assert (refusal.status, refusal.code) == (400, "capability_mismatch")
        assert "audio" in refusal.message
        assert "mlx/m" in refusal.message

    def test_who_could_but_is_out_of_reach_makes_it_a_503(self):
        rows = light(target(capabilities={"text"}), target("ghost", capabilities={"audio"}))
        refusal = decide(local(), rows, request=routing_request("light/x", "audio")).refusal
        assert (refusal.status, refusal.code) == (503, "no_candidate")
        assert "provider_not_configured" in refusal.message

    def test_a_request_type_nobody_serves_is_a_400(self):
        request = routing_request("light/x", request_type="embeddings")
        refusal = decide(local(), light(target()), request=request).refusal
        assert (refusal.status, refusal.code) == (400, "request_type_mismatch")

    def test_a_provider_named_directly_is_held_to_its_capabilities(self):
        where = table(cloud(capabilities=frozenset({"text"})))
        assert (
            plan(routing_request("openai/m", "vision"), where).refusal.code == "capability_mismatch"
        )
        assert chain(plan(routing_request("openai/m", "text", "tools"), where)) == ["openai/m"]
