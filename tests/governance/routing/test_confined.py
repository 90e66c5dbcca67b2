"""A confined key goes nowhere else, whatever it names, and is told of nothing else."""

from __future__ import annotations

from hypothesis import given, settings

from governance.routing.names import listed_models
from governance.routing.plan import ProfileChoice, Refusal
from governance.routing.policy import choose
from governance.routing.table import ModelMappingEntry
from tests.governance.routing.build import profile, routing_request, target
from tests.governance.routing.strategies import asks, tables
from tests.governance.routing.test_policy import CAPABLE, FAST, SIMPLE, key, picked, refused, where

OFF = profile(target("openai", "gpt-4o"), virtual_provider="off", enabled=False)
CONFINED = key(confined_to=frozenset({"id-fast"}))


def elsewhere(request, place, virtual_key=CONFINED):
    refusal = refused(request, place, virtual_key)
    assert (refusal.status, refusal.code) == (403, "outside_confinement")
    assert "Usable: fast." in refusal.message
    return refusal.field


def test_what_lies_inside_works():
    for request in (
        routing_request(profile_hint="fast"),
        routing_request("fast/small"),
        routing_request("auto"),
        routing_request(""),
    ):
        assert picked(request, where(), CONFINED)[0] == "fast"
    mapping = ModelMappingEntry("gpt", "exact", "fast/small", test=lambda name: name == "gpt")
    assert picked(routing_request("gpt"), where(mappings=[mapping]), CONFINED)[0] == "fast"


def test_what_leads_elsewhere_is_403():
    place = where(FAST, CAPABLE, OFF)
    for hint in ("capable", "id-capable", "profile capable", "openai", "mlx", "off"):
        assert elsewhere(routing_request(profile_hint=hint), place) == "routing_profile"
    for model in ("capable/x", "openai/gpt-4o", "mlx/m", "off/x"):
        assert elsewhere(routing_request(model), place) == "model"
    mapping = ModelMappingEntry("gpt", "exact", "capable", test=lambda name: name == "gpt")
    assert elsewhere(routing_request("gpt"), where(mappings=[mapping])) == "model"
    direct = ModelMappingEntry("gpt", "exact", "openai/gpt-4o", test=lambda name: name == "gpt")
    assert elsewhere(routing_request("gpt"), where(mappings=[direct])) == "model"


def test_what_leads_nowhere_is_said_so_without_naming_the_rest():
    for request in (routing_request("no-such-model"), routing_request(profile_hint="nowhere")):
        refusal = refused(request, where(cloud_enabled=True), CONFINED)
        assert refusal.status in (400, 404)
        assert "openai" not in refusal.message
        assert "capable" not in refusal.message


def test_rules_that_lead_elsewhere_are_passed_over():
    rule = type(SIMPLE)("any", "capable")
    found = choose(routing_request("auto"), CONFINED, where(rules=[rule]))
    assert isinstance(found, ProfileChoice)
    assert found.profile is FAST
    assert "confined" in found.skipped[0][1]


def test_a_key_whose_profiles_are_all_gone_is_no_key_for_everything():
    virtual_key = key(confined_to=frozenset({"gone"}))
    for request in (
        routing_request("auto"),
        routing_request("fast/small"),
        routing_request(profile_hint="mlx"),
        routing_request("x"),
    ):
        found = choose(request, virtual_key, where(cloud_enabled=True))
        assert isinstance(found, Refusal)
    assert listed_models(where(), virtual_key) == []


def test_models_are_those_of_its_profiles():
    names = [one.id for one in listed_models(where(FAST, CAPABLE), CONFINED)]
    assert names == ["fast/small"]


@settings(max_examples=60)
@given(asks, tables())
def test_no_request_finds_a_way_out(request, place):
    for identity in [*place.profiles][:3]:
        found = choose(request, key(confined_to=frozenset({identity})), place)
        assert isinstance(found, Refusal) or found.profile.id == identity
