"""Saving and deleting profiles by the services."""

from __future__ import annotations

import pytest

from governance import services, snapshot
from governance.errors import Conflict, Invalid, NotFound
from governance.models import Revision, RoutingProfile, RoutingTarget
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    services.save_provider(provider_document(), who="ann")
    saved = services.save_profile(profile_document(), who="ann")
    assert saved.document["targets"][0] == {
        "provider": "fast",
        "virtual_model": "small",
        "model": "m-1",
        "priority": 0,
        "weight": 1,
        "request_types": [],
        "capabilities": [],
        "enabled": True,
        "hedge_after": None,
        "rate_limit": None,
    }
    table = snapshot.refresh()
    assert table.version == 2
    assert table.profiles["light"].targets[0].provider == "fast"


def test_an_id_is_made_when_it_is_left_out() -> None:
    document = profile_document()
    del document["id"]
    saved = services.save_profile(document, who="ann")
    assert RoutingProfile.objects.get().pk == saved.document["id"] != ""


def test_replacing_puts_the_new_targets_in_place_of_the_old() -> None:
    services.save_profile(profile_document(), who="ann")
    targets = [{"provider": "b"}, {"provider": "a", "weight": 0.5}]
    services.save_profile(profile_document(targets=targets), who="ann", existing="light")
    rows = RoutingTarget.objects.values_list("provider", "position", "weight")
    assert list(rows) == [("b", 0, 1.0), ("a", 1, 0.5)]


def test_a_save_that_changes_nothing_keeps_the_version() -> None:
    services.save_profile(profile_document(), who="ann")
    services.save_profile(profile_document(), who="bob", existing="light")
    assert Revision.objects.count() == 1


def test_a_profile_keeps_its_id() -> None:
    services.save_profile(profile_document(), who="ann")
    with pytest.raises(Invalid, match="keeps its id"):
        services.save_profile(profile_document(id="other"), who="ann", existing="light")


def test_an_id_that_is_taken_is_a_conflict() -> None:
    services.save_profile(profile_document(), who="ann")
    with pytest.raises(Conflict, match="already has the id"):
        services.save_profile(profile_document(name="Other", virtual_provider="o"), who="ann")


def test_a_profile_that_keys_are_bound_to_stays() -> None:
    services.save_profile(profile_document(), who="ann")
    key = {"name": "ci", "scopes": ["inference"], "routing_profile": "light"}
    services.create_key(key, who="ann")
    with pytest.raises(Conflict, match='"Light" is bound to the API keys ci'):
        services.delete_profile("light", who="ann")
    with pytest.raises(Conflict, match="bound"):
        services.replace_all([], who="ann")
    assert RoutingProfile.objects.count() == 1


@pytest.mark.parametrize("identity", ["nothing", "", "a\x00b", "ünï"])
def test_unknown_ids_are_not_found(identity: str) -> None:
    with pytest.raises(NotFound):
        services.delete_profile(identity, who="ann")


def test_a_revision_says_who_changed_what() -> None:
    services.save_profile(profile_document(), who="ann")
    services.save_profile(profile_document(strategy="weighted"), who="bob", existing="light")
    last = Revision.objects.first()
    assert last is not None
    assert (last.version, last.who, last.action) == (2, "bob", "save")
    assert last.summary == 'Changed routing profile "Light": strategy ordered failover → weighted.'
    assert last.changes[0]["before"]["strategy"] == "ordered_failover"
    assert last.changes[0]["after"]["strategy"] == "weighted"
