"""Models of a provider as targets of a profile: all of them, or none."""

from __future__ import annotations

from typing import Any

import pytest

from governance import services
from governance.errors import Invalid, NotFound
from governance.models import Revision, RoutingProfile
from tests.governance.conftest import profile_document

pytestmark = pytest.mark.django_db


def targets() -> list[tuple[Any, ...]]:
    return [
        (one.provider, one.virtual_model, one.model, one.priority, one.enabled)
        for one in RoutingProfile.objects.get().ordered_targets()
    ]


def test_they_stand_behind_those_that_are_there() -> None:
    held = {"provider": "fast", "model": "m-1", "priority": 3}
    services.save_profile(profile_document(targets=[held]), who="t")
    services.add_models("cloud", ["a/b", "c", "c"], who="ann", profile="light", enabled=False)
    assert targets() == [
        ("fast", "", "m-1", 3, True),
        ("cloud", "", "a/b", 4, False),
        ("cloud", "", "c", 4, False),
    ]
    last = Revision.objects.latest("version")
    words = 'Added to routing profile "Light": cloud/a/b, cloud/c.'
    assert (last.who, last.summary) == ("ann", words)


def test_a_new_profile_with_a_name_for_each() -> None:
    new = {"name": "Cloud", "virtual_provider": "sky"}
    services.add_models("cloud", ["b", "c"], who="ann", profile=new, aliases=True)
    assert targets() == [("cloud", "b", "b", 0, True), ("cloud", "c", "c", 0, True)]
    assert Revision.objects.get().summary == 'Created routing profile "Cloud".'


def test_many_are_counted_in_the_revision() -> None:
    services.save_profile(profile_document(), who="t")
    services.add_models("cloud", [f"m{n}" for n in range(30)], who="ann", profile="light")
    summary = Revision.objects.latest("version").summary
    assert "cloud/m7 and 22 more." in summary


@pytest.mark.parametrize(
    ("models", "more", "message"),
    [
        ([], {}, "Tick at least one model."),
        (["m-1"], {}, "a target of this profile already"),
        (["ok", "x" * 500], {}, "model must have at most"),
        (["a", "A"], {"aliases": True}, "already has the alias"),
    ],
)
def test_all_or_none(models: list[str], more: dict[str, Any], message: str) -> None:
    services.save_profile(profile_document(targets=[{"provider": "Fast", "model": "m-1"}]), who="t")
    before = targets()
    with pytest.raises(Invalid, match=message):
        services.add_models("fast", models, who="ann", profile="light", **more)
    assert targets() == before
    assert Revision.objects.count() == 1


def test_what_is_there_already_stays_as_it_was() -> None:
    """It may be ticked still from the time before."""
    held = {"provider": "Fast", "model": "m-1", "priority": 3}
    services.save_profile(profile_document(targets=[held]), who="t")
    added = services.add_models("fast", ["m-1", "m-2"], who="ann", profile="light")
    assert (added.models, added.already) == (("m-2",), ("m-1",))
    assert targets() == [("Fast", "", "m-1", 3, True), ("fast", "", "m-2", 4, True)]
    assert Revision.objects.latest("version").summary.endswith('"Light": fast/m-2.')


def test_problems_stand_at_their_models() -> None:
    services.save_profile(profile_document(), who="t")
    with pytest.raises(Invalid) as error:
        services.add_models(
            "fast", ["ok", "x" * 301, "small"], who="a", profile="light", aliases=True
        )
    assert {one.path for one in error.value.problems} == {"models." + "x" * 301, "models.small"}


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        services.add_models("fast", ["m"], who="ann", profile="gone")
