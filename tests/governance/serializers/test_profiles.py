"""The rules of routing profiles, each broken in turn."""

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.routing.rules import MAX_TARGETS, locality, taken
from governance.serializers import ProfileSerializer, TargetSerializer
from governance.serializers.profiles import RateLimitSerializer, set_problems
from tests.governance.routing.strategies import json_values, objects

PROFILE_FIELDS, TARGET_FIELDS, RATE_LIMIT_FIELDS = (
    sorted(shape.shape().fields)
    for shape in (ProfileSerializer, TargetSerializer, RateLimitSerializer)
)


def problems(document, *, others=(), providers=()):
    """Every rule the document breaks, without a database."""
    return ProfileSerializer.problems(document, taken=taken(others), locality=locality(providers))


GOOD = {
    "id": "p1",
    "name": "Light",
    "description": "Small models\nfirst.",
    "virtual_provider": "light",
    "virtual_key_id": "",
    "enabled": True,
    "strategy": "ordered_failover",
    "targets": [
        {
            "provider": "mlx",
            "virtual_model": "light",
            "model": "SmolLM2",
            "priority": 1,
            "weight": 0.5,
            "request_types": ["chat"],
            "capabilities": ["text", "tools"],
            "enabled": True,
            "rate_limit": {
                "request_percent_threshold": 80,
                "token_percent_threshold": 90.5,
                "budget_percent_threshold": 100,
            },
        },
        {"provider": "openai", "virtual_model": "large", "model": "gpt-4o"},
    ],
    "local_fallback": "never",
    "local_only": False,
}


def changed(path, value):
    """The good profile with one place changed; `...` as value removes it."""
    document = copy.deepcopy(GOOD)
    *way, last = path
    place = document
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


def with_targets(*targets, **more):
    filled = [{"provider": "mlx", **target} for target in targets]
    return {**GOOD, **more, "targets": filled}


def found(document, **context):
    return [(problem.path, problem.code) for problem in problems(document, **context)]


def test_a_good_profile_has_no_problem():
    assert problems(GOOD) == []


def test_the_least_profile_is_good():
    """Everything has a default but id, name, virtual provider and one target's provider."""
    least = {"id": "1", "name": "a", "virtual_provider": "v", "targets": [{"provider": "x"}]}
    assert problems(least) == []


def test_null_means_absent():
    """Relatives of this service write unset fields as null."""
    document = {**GOOD, "description": None, "strategy": None, "enabled": None}
    document["targets"] = [{**dict.fromkeys(TARGET_FIELDS), "provider": "mlx"}]
    assert problems(document) == []


T0 = ("targets", 0)
LIMIT = (*T0, "rate_limit")


@pytest.mark.parametrize(
    ("path", "value", "where", "code"),
    [
        (("id",), ..., "id", "required"),
        (("id",), "", "id", "required"),
        (("id",), 7, "id", "type"),
        (("id",), "a/b", "id", "invalid"),
        (("id",), "export", "id", "reserved"),
        (("id",), "..", "id", "reserved"),
        (("id",), "x" * 101, "id", "too_long"),
        (("name",), ..., "name", "required"),
        (("name",), "   ", "name", "required"),
        (("name",), " padded", "name", "invalid"),
        (("name",), "two\nlines", "name", "invalid"),
        (("name",), "half \ud83d a pair", "name", "invalid"),
        (("name",), "nul\x00", "name", "invalid"),
        (("name",), ["a"], "name", "type"),
        (("virtual_provider",), ..., "virtual_provider", "required"),
        (("virtual_provider",), "a/b", "virtual_provider", "invalid"),
        (("virtual_provider",), "a b", "virtual_provider", "invalid"),
        (("virtual_provider",), True, "virtual_provider", "type"),
        (("description",), "x" * 10_001, "description", "too_long"),
        (("description",), {}, "description", "type"),
        (("virtual_key_id",), 5, "virtual_key_id", "type"),
        (("enabled",), "yes", "enabled", "type"),
        (("enabled",), 1, "enabled", "type"),
        (("strategy",), "round_robin", "strategy", "choice"),
        (("strategy",), "Weighted", "strategy", "choice"),
        (("strategy",), ["weighted"], "strategy", "choice"),
        (("local_fallback",), "sometimes", "local_fallback", "choice"),
        (("local_only",), 0, "local_only", "type"),
        (("targets",), ..., "targets", "required"),
        (("targets",), [], "targets", "required"),
        (("targets",), {}, "targets", "type"),
        (("targets",), "mlx", "targets", "type"),
        (("targets",), [{"provider": "x"}] * (MAX_TARGETS + 1), "targets", "too_many"),
        (T0, "mlx", "targets[0]", "type"),
        (T0, None, "targets[0]", "type"),
        ((*T0, "provider"), ..., "targets[0].provider", "required"),
        ((*T0, "provider"), "a/b", "targets[0].provider", "invalid"),
        ((*T0, "provider"), 3, "targets[0].provider", "type"),
        ((*T0, "model"), ..., "targets[0].model", "required"),
        ((*T0, "model"), "", "targets[0].model", "required"),
        ((*T0, "model"), 4, "targets[0].model", "type"),
        ((*T0, "virtual_model"), 4, "targets[0].virtual_model", "type"),
        ((*T0, "virtual_model"), "LARGE", "targets[1].virtual_model", "unique"),
        ((*T0, "virtual_model"), "*", "targets[0].virtual_model", "wildcard_mixed"),
        ((*T0, "priority"), 1.5, "targets[0].priority", "type"),
        ((*T0, "priority"), "1", "targets[0].priority", "type"),
        ((*T0, "priority"), True, "targets[0].priority", "type"),
        ((*T0, "priority"), 10**400, "targets[0].priority", "range"),
        ((*T0, "weight"), -1, "targets[0].weight", "range"),
        ((*T0, "weight"), 10**400, "targets[0].weight", "range"),
        ((*T0, "weight"), math.nan, "targets[0].weight", "type"),
        ((*T0, "weight"), math.inf, "targets[0].weight", "type"),
        ((*T0, "weight"), False, "targets[0].weight", "type"),
        ((*T0, "request_types"), ["chat", "telepathy"], "targets[0].request_types[1]", "choice"),
        ((*T0, "request_types"), "chat", "targets[0].request_types", "type"),
        ((*T0, "capabilities"), ["smell"], "targets[0].capabilities[0]", "choice"),
        ((*T0, "capabilities"), [{}], "targets[0].capabilities[0]", "choice"),
        ((*T0, "enabled"), "true", "targets[0].enabled", "type"),
        (LIMIT, 80, "targets[0].rate_limit", "type"),
        (
            (*LIMIT, "token_percent_threshold"),
            101,
            "targets[0].rate_limit.token_percent_threshold",
            "range",
        ),
        (
            (*LIMIT, "budget_percent_threshold"),
            -0.1,
            "targets[0].rate_limit.budget_percent_threshold",
            "range",
        ),
        (
            (*LIMIT, "request_percent_threshold"),
            "80%",
            "targets[0].rate_limit.request_percent_threshold",
            "type",
        ),
    ],
)
def test_each_broken_rule_is_named_where_it_is_broken(path, value, where, code):
    assert found(changed(path, value)) == [(where, code)]


def test_all_problems_come_at_once():
    document = {"name": 1, "strategy": "best", "targets": [{"weight": -1, "virtual_model": "a"}]}
    assert set(found(document)) == {
        ("id", "required"),
        ("name", "type"),
        ("virtual_provider", "required"),
        ("strategy", "choice"),
        ("targets[0].provider", "required"),
        ("targets[0].model", "required"),
        ("targets[0].weight", "range"),
    }


@pytest.mark.parametrize("document", [None, [], "x", 3, True, 1.5])
def test_what_is_no_object_is_no_profile(document):
    assert found(document) == [("", "type")]


class TestAliases:
    """R2.12 and R2.13."""

    def test_several_wildcards_are_a_failover_chain(self):
        chain = with_targets(
            {"virtual_model": "*", "model": "a"}, {"virtual_model": "*", "model": "b"}
        )
        assert problems(chain) == []

    def test_a_wildcard_is_a_virtual_model_that_is_set_and_needs_a_model(self):
        assert found(with_targets({"virtual_model": "*"})) == [("targets[0].model", "required")]

    def test_blank_is_not_a_wildcard_and_may_stand_beside_names(self):
        mixed = with_targets({"virtual_model": "a", "model": "m"}, {"virtual_model": ""}, {})
        assert problems(mixed) == []

    def test_aliases_are_unique_whatever_their_case_even_if_disabled(self):
        document = with_targets(
            {"virtual_model": "Straße", "model": "m"},
            {"virtual_model": "STRASSE", "model": "m", "enabled": False},
        )
        assert found(document) == [("targets[1].virtual_model", "unique")]

    def test_a_wildcard_between_names_is_rejected(self):
        document = with_targets(
            {"virtual_model": "a", "model": "m"},
            {"virtual_model": "*", "model": "m"},
            {"virtual_model": "*", "model": "m"},
        )
        assert found(document) == [("targets[1].virtual_model", "wildcard_mixed")]


class TestWeights:
    def test_a_weighted_profile_needs_a_weight(self):
        document = with_targets({"weight": 0}, {"weight": 0.0}, strategy="weighted")
        assert found(document) == [("targets", "weights")]

    def test_one_weight_is_enough_and_absent_means_one(self):
        assert problems(with_targets({"weight": 0}, {}, strategy="weighted")) == []

    def test_ordered_profiles_need_none(self):
        assert problems(with_targets({"weight": 0})) == []


class TestUniqueness:
    """R2.10."""

    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            (("p1", "x", "y"), [("id", "unique")]),
            (("P1", "x", "y"), []),
            (("x", "LIGHT", "y"), [("name", "unique")]),
            (("x", "y", "Light"), [("virtual_provider", "unique")]),
            (("x", "y", "z"), []),
        ],
    )
    def test_among_profiles(self, other, expected):
        assert found(GOOD, others=[other]) == expected

    @pytest.mark.parametrize("providers", [["mlx", "LIGHT"], {"Light": True}])
    def test_a_virtual_provider_is_never_a_real_one(self, providers):
        assert found(GOOD, providers=providers) == [("virtual_provider", "provider_name")]


class TestLocalOnly:
    LOCAL = {**GOOD, "local_only": True}

    def test_no_enabled_target_leaves_the_machine(self):
        where = {"mlx": True, "OpenAI": False}
        assert found(self.LOCAL, providers=where) == [("targets[1].provider", "not_local")]

    def test_disabled_targets_and_unknown_providers_go_nowhere(self):
        document = copy.deepcopy(self.LOCAL)
        assert problems(document, providers={"mlx": True}) == []
        document["targets"][1]["enabled"] = False
        assert problems(document, providers={"openai": False}) == []


class TestSets:
    def test_paths_lead_into_the_set(self):
        broken = changed((*T0, "model"), ...)
        other = {**GOOD, "id": "p2", "name": "B", "virtual_provider": "b"}
        paths = [problem.path for problem in set_problems([other, broken, 5])]
        assert paths == ["routing_profiles[1].targets[0].model", "routing_profiles[2]"]

    def test_the_later_of_two_equal_profiles_is_told(self):
        told = [(one.path, one.code) for one in set_problems([GOOD, copy.deepcopy(GOOD)])]
        assert told == [
            ("routing_profiles[1].id", "unique"),
            ("routing_profiles[1].name", "unique"),
            ("routing_profiles[1].virtual_provider", "unique"),
        ]

    def test_an_empty_set_is_good(self):
        assert set_problems([]) == []

    @pytest.mark.parametrize("documents", [None, {}, "x"])
    def test_a_set_is_a_list(self, documents):
        assert [one.code for one in set_problems(documents)] == ["type"]


def test_unknown_fields_are_told_with_their_place():
    document = copy.deepcopy(GOOD)
    document["colour"] = "red"
    document["targets"][1]["region"] = "eu"
    document["targets"][0]["rate_limit"]["per"] = "day"
    assert [warning.path for warning in ProfileSerializer.unknown(document)] == [
        "colour",
        "targets[0].rate_limit.per",
        "targets[1].region",
    ]
    assert problems(document) == []


nearly_profiles = st.builds(
    lambda document, targets: {**document, "targets": targets},
    objects(*PROFILE_FIELDS),
    st.lists(
        st.builds(
            lambda target, limits: {**target, "rate_limit": limits},
            objects(*TARGET_FIELDS),
            objects(*RATE_LIMIT_FIELDS),
        )
        | json_values,
        max_size=3,
    ),
)


@given(json_values | nearly_profiles, st.lists(json_values | nearly_profiles, max_size=3))
def test_no_json_value_is_an_exception(document, documents):
    """Any JSON value gives a list of problems with places and sentences."""
    told = problems(document, others=[("a", "b", "c")], providers={"mlx": False})
    told += (
        set_problems(documents, ["mlx"])
        + ProfileSerializer.unknown(document)
        + set_problems(document)
    )
    assert all(one.code and one.message for one in told)
