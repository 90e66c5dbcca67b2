"""Which profile a request gets, and the reason that is kept."""

from dataclasses import replace

import pytest
from hypothesis import given

from governance.routing.plan import ProfileChoice, Refusal
from governance.routing.policy import choose
from governance.routing.request import Features
from governance.routing.table import (
    ANONYMOUS,
    Condition,
    HeuristicRuleEntry,
    ModelMappingEntry,
    VirtualKey,
)
from tests.governance.routing.build import cloud, local, profile, routing_request, table, target
from tests.governance.routing.strategies import asks, tables, virtual_keys

FAST = profile(target(virtual_model="small"), virtual_provider="fast")
CAPABLE = profile(target("openai", "gpt-4o"), virtual_provider="capable")
LONG = HeuristicRuleEntry("long", "capable", (Condition("last_user_characters", ">", 2000),))
SIMPLE = HeuristicRuleEntry("simple", "fast")


def key(**more):
    return VirtualKey(**{"id": "k1", "name": "key", "scopes": frozenset({"inference"}), **more})


def where(*rows, **more):
    return table(local(), cloud(), *(rows or (FAST, CAPABLE)), **more)


def picked(request, place, virtual_key=ANONYMOUS):
    """What was chosen as (name of the profile or provider, reason, alias)."""
    choice = choose(request, virtual_key, place)
    assert isinstance(choice, ProfileChoice), choice
    return choice.profile.virtual_provider, choice.reason, choice.alias


def refused(request, place, virtual_key=ANONYMOUS):
    refusal = choose(request, virtual_key, place)
    assert isinstance(refusal, Refusal), refusal
    return refusal


class TestHint:
    @pytest.mark.parametrize("hint", ["id-fast", "FAST", "profile fast", "Fast"])
    def test_a_profile_by_id_name_or_virtual_provider(self, hint):
        assert picked(routing_request(profile_hint=hint), where()) == ("fast", "caller_hint", None)

    def test_it_overrides_everything(self):
        """Also the key's profile, the model's name, mappings and rules."""
        place = where(FAST, CAPABLE, rules=[LONG, SIMPLE])
        request = routing_request(
            "openai/gpt-4o", profile_hint="fast", features=Features(last_user_characters=9000)
        )
        assert picked(request, place, key(profile="id-capable"))[:2] == ("fast", "caller_hint")

    @pytest.mark.parametrize(
        ("model", "alias"),
        [
            ("fast/small", "small"),
            ("FAST/Small", "Small"),
            ("SMALL", "SMALL"),
            ("gpt-4o", None),
            ("auto", None),
            ("", None),
            ("fast/", None),
            ("capable/small", None),
            ("fast/other", "other"),
        ],
    )
    def test_the_model_may_name_an_alias_of_the_profile(self, model, alias):
        assert picked(routing_request(model, profile_hint="fast"), where())[2] == alias

    @pytest.mark.parametrize(
        ("model", "alias"),
        [
            ("gpt-4o", "gpt-4o"),
            ("openai/gpt-4o", "gpt-4o"),
            ("org/model", "org/model"),
            ("fast/small", None),
            ("auto", None),
            ("", None),
        ],
    )
    def test_a_real_provider_by_name(self, model, alias):
        """R1.3; a name that belongs to a virtual provider means nothing to a real one."""
        assert picked(routing_request(model, profile_hint="OpenAI"), where()) == (
            "openai",
            "caller_hint",
            alias,
        )

    def test_a_hint_that_names_nothing_says_what_could_be_named(self):
        refusal = refused(routing_request("mlx/m", profile_hint="fats"), where())
        assert (refusal.status, refusal.code) == (400, "unknown_routing_profile")
        assert refusal.field == "routing_profile"
        assert '"fats"' in refusal.message
        assert "capable, fast, mlx, openai" in refusal.message

    def test_an_empty_hint_names_nothing(self):
        assert refused(routing_request(profile_hint=""), where()).status == 400

    def test_at_most_twenty_names_are_listed(self):
        many = [profile(target(), virtual_provider=f"v{index:02}") for index in range(30)]
        message = refused(routing_request(profile_hint="x"), where(*many)).message
        assert "and 12 more" in message
        assert message.count(",") == 19

    def test_a_disabled_profile_or_provider_is_said_to_be_disabled(self):
        place = table(cloud(enabled=False), replace(FAST, enabled=False))
        for hint in ("fast", "openai"):
            refusal = refused(routing_request(profile_hint=hint), place)
            assert refusal.status == 400
            assert "is disabled" in refusal.message

    def test_another_keys_profile_does_not_exist(self):
        """Neither found nor listed; and it hides nothing of the same name."""
        bound = replace(FAST, virtual_key_id="k2")
        refusal = refused(routing_request(profile_hint="fast"), where(bound, CAPABLE), key())
        assert refusal.status == 400
        assert "Usable: capable," in refusal.message
        assert picked(routing_request(profile_hint="fast"), where(bound), key(id="k2"))[0] == "fast"
        namesake = replace(CAPABLE, name="fast")
        assert (
            picked(routing_request(profile_hint="fast"), where(bound, namesake), key())[0]
            == "capable"
        )

    def test_an_id_beats_a_virtual_provider_beats_a_name(self):
        by_name = replace(FAST, id="1", virtual_provider="a", name="x")
        by_virtual = replace(FAST, id="2", virtual_provider="x", name="b")
        by_id = replace(FAST, id="x", virtual_provider="c", name="c")
        assert picked(routing_request(profile_hint="X"), where(by_name))[0] == "a"
        assert picked(routing_request(profile_hint="X"), where(by_virtual, by_name))[0] == "x"
        assert (
            picked(routing_request(profile_hint="X"), where(by_id, by_virtual, by_name))[0] == "c"
        )


class TestKey:
    BOUND = key(profile="id-capable")

    def test_the_profile_bound_to_the_key_decides_over_the_model(self):
        assert picked(routing_request("fast/small"), where(), self.BOUND) == (
            "capable",
            "api_key",
            None,
        )

    @pytest.mark.parametrize(
        "gone",
        [FAST, replace(CAPABLE, enabled=False), replace(CAPABLE, virtual_key_id="other")],
    )
    def test_a_key_whose_profile_is_gone_goes_nowhere_else(self, gone):
        """It may have been bound to keep it on this machine: fail closed."""
        refusal = refused(routing_request("mlx/m"), where(gone), self.BOUND)
        assert (refusal.status, refusal.code) == (503, "bound_profile_unavailable")


class TestNames:
    def test_virtual_provider_and_alias(self):
        assert picked(routing_request("FAST/a/b"), where()) == ("fast", "virtual_model", "a/b")
        assert picked(routing_request("fast/"), where()) == ("fast", "virtual_model", None)

    def test_provider_and_model(self):
        """Split at the first slash: model names may hold more of them."""
        assert picked(routing_request("OpenAI/org/m"), where()) == (
            "openai",
            "provider_model",
            "org/m",
        )

    def test_a_provider_named_directly_is_a_profile_of_one_target(self):
        choice = choose(routing_request("openai/x"), ANONYMOUS, where())
        assert choice.profile.implicit
        assert [one.provider for one in choice.profile.targets] == ["openai"]

    def test_a_disabled_profile_is_not_found(self):
        refusal = refused(routing_request("fast/small"), where(replace(FAST, enabled=False)))
        assert (refusal.status, refusal.code, refusal.field) == (404, "model_not_found", "model")
        assert "disabled" in refusal.message

    def test_an_unknown_model_says_which_exist(self):
        place = table(local(), FAST, cloud_enabled=False)
        refusal = refused(routing_request("gpt-4o"), place)
        assert (refusal.status, refusal.code, refusal.field) == (404, "model_not_found", "model")
        assert "fast/small, mlx/m, mlx/tiny" in refusal.message


class TestUnknownWithCloud:
    """R4.4: with cloud routing on, what has no mapping goes to local inference."""

    def test_it_goes_to_the_local_default_with_a_warning(self):
        choice = choose(routing_request("gpt-9"), ANONYMOUS, where())
        assert choice.reason == "default"
        assert 'no mapping for "gpt-9"' in choice.warning

    def test_not_when_the_key_forbids_it(self):
        assert refused(routing_request("gpt-9"), where(), key(local_fallback="never")).status == 404

    def test_not_when_it_lacks_a_modality(self):
        place = table(local(capabilities=frozenset({"text"})), cloud())
        assert refused(routing_request("gpt-9", "text", "vision"), place).status == 404


class TestMappings:
    def mapped(self, model, *mappings, **more):
        return picked(routing_request(model), where(mappings=mappings, **more))

    @pytest.mark.parametrize(
        ("match", "pattern", "model"),
        [
            ("exact", "GPT-4o-mini", "gpt-4o-MINI"),
            ("prefix", "gpt-", "GPT-4.1"),
            ("regex", r"gpt-\d.*", "gpt-5-nano"),
        ],
    )
    def test_ways_to_match(self, match, pattern, model):
        mapping = ModelMappingEntry(pattern, match, "fast/small")
        assert self.mapped(model, mapping) == ("fast", "model_mapping", "small")

    @pytest.mark.parametrize(
        ("destination", "expected"),
        [
            ("fast/small", ("fast", "model_mapping", "small")),
            ("openai/org/x", ("openai", "model_mapping", "org/x")),
            ("Profile capable", ("capable", "model_mapping", None)),
            ("mlx", ("mlx", "model_mapping", None)),
        ],
    )
    def test_where_they_lead(self, destination, expected):
        assert self.mapped("gpt-4o", ModelMappingEntry("gpt-4o", "exact", destination)) == expected

    def test_the_lowest_priority_number_wins_then_row_order(self):
        def mapping(destination, priority):
            return ModelMappingEntry("m", "exact", destination, priority)

        last, first, second = mapping("mlx/a", 2), mapping("mlx/b", 1), mapping("mlx/c", 1)
        assert self.mapped("m", last, first, second)[2] == "b"

    def test_what_leads_nowhere_is_skipped_with_its_reason(self):
        disabled = replace(CAPABLE, enabled=False)
        other = profile(target(), virtual_provider="theirs", virtual_key_id="k9")
        place = where(
            FAST,
            disabled,
            other,
            mappings=[
                ModelMappingEntry("m", "exact", "absent"),
                ModelMappingEntry("m", "prefix", "ghost/m"),
                ModelMappingEntry("m", "exact", "capable/x"),
                ModelMappingEntry("m", "exact", "theirs"),
                ModelMappingEntry("m", "exact", "fast", enabled=False),
                ModelMappingEntry("m", "exact", "fast/small"),
            ],
        )
        choice = choose(routing_request("m"), key(), place)
        assert choice.alias == "small"
        assert [why for _, why in choice.skipped] == [
            'There is no routing profile "absent".',
            'There is no routing profile "ghost/m".',
            'The routing profile of "capable/x" is disabled.',
            'The routing profile "theirs" belongs to another API key.',
        ]
        assert choice.skipped[0][0] == "model_mapping:m"

    def test_a_mapping_comes_before_the_rules_for_auto(self):
        place = where(mappings=[ModelMappingEntry("auto", "exact", "capable")], rules=[SIMPLE])
        assert picked(routing_request("auto"), place)[1] == "model_mapping"


class TestRules:
    PLACE = where(rules=[LONG, SIMPLE])

    @pytest.mark.parametrize("model", ["", "auto", "AUTO"])
    def test_the_first_that_matches_decides(self, model):
        long = routing_request(model, features=Features(last_user_characters=2001))
        assert picked(long, self.PLACE) == ("capable", "heuristic_rule:long", None)
        assert picked(routing_request(model), self.PLACE) == ("fast", "heuristic_rule:simple", None)

    def test_a_model_that_is_named_is_not_second_guessed(self):
        assert picked(routing_request("mlx/m"), self.PLACE)[1] == "provider_model"

    def test_rules_without_a_profile_to_go_to_sleep(self):
        """They wake up when an operator creates the profile, and say so meanwhile."""
        place = where(
            replace(FAST, enabled=False),
            rules=[
                HeuristicRuleEntry("a", "capable"),
                HeuristicRuleEntry("b", "fast"),
                replace(SIMPLE, enabled=False),
            ],
            providers=[local()],
        )
        choice = choose(routing_request(), ANONYMOUS, place)
        assert (choice.profile.name, choice.reason) == ("mlx", "default")
        assert choice.skipped == (
            ("heuristic_rule:a", 'There is no routing profile "capable".'),
            ("heuristic_rule:b", 'The routing profile "fast" is disabled.'),
        )


class TestDefault:
    def test_the_only_backend_takes_everything(self):
        """R0.4: no profile, no rule, one provider."""
        for only in (cloud(), local()):
            assert picked(routing_request("auto"), table(only)) == (only.name, "default", None)

    def test_the_marked_one(self):
        place = table(local(), cloud("a"), cloud("b", is_default=True))
        assert picked(routing_request(), place)[0] == "b"

    def test_local_inference_without_cloud(self):
        """R4.1: nothing marked, several configured, and nothing may leave."""
        place = table(cloud(), local(), cloud_enabled=False)
        assert picked(routing_request(), place)[0] == "mlx"

    def test_nothing_at_all(self):
        refusal = refused(routing_request("auto"), table())
        assert (refusal.status, refusal.code) == (404, "model_not_found")
        assert "Models: none." in refusal.message


@given(asks, virtual_keys, tables())
def test_there_is_always_a_choice_with_a_reason_or_a_refusal(request, virtual_key, place):
    """Whatever is asked; and what is chosen is enabled and not another key's."""
    chosen = choose(request, virtual_key, place)
    if isinstance(chosen, Refusal):
        assert chosen.status in (400, 404, 503)
        assert chosen.message
        return
    assert chosen.profile.enabled
    assert chosen.profile.virtual_key_id in ("", virtual_key.id)
    assert chosen.reason.split(":")[0] in {
        "caller_hint",
        "api_key",
        "virtual_model",
        "provider_model",
        "model_mapping",
        "heuristic_rule",
        "default",
    }
