"""Listed models as targets of a profile, from the provider's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from governance import services
from governance.models import Provider, Revision, RoutingProfile
from tests.gateway.console.conftest import Member
from tests.support.upstream import Json, Upstream

pytestmark = pytest.mark.django_db
RIGHTS = (
    "governance.view_provider",
    "governance.change_provider",
    "governance.view_routingprofile",
)
CHANGE, ADD = "governance.change_routingprofile", "governance.add_routingprofile"


@pytest.fixture
def pk() -> int:
    provider = {"name": "up", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
    services.save_provider({**provider, "models": ["kept"]}, who="t")
    profile = {"id": "light", "name": "Light", "virtual_provider": "light"}
    services.save_profile({**profile, "targets": [{"provider": "up", "model": "kept"}]}, who="t")
    return Provider.objects.get().pk


def copied(client: Client, pk: int, **more: Any) -> Any:
    data = {"profile": "light", "models": ["a", "b"], "listed": "a\nb\nc", "enabled": "on", **more}
    return client.post(f"/admin/connection/{pk}/copy", data)


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_it_works(member: Member, pk: int) -> None:
    """Listed, ticked, added in one revision, and told with the way to the profile."""
    client = member(*RIGHTS, CHANGE)
    with Upstream(Json({"data": [{"id": "a"}, {"id": "b"}]})) as upstream:
        Provider.objects.update(base_url=upstream.base_url)
        services.save_provider(
            {"name": "up", "kind": "openai", "base_url": upstream.base_url, "is_local": True},
            who="t",
            existing="up",
        )
        shown = client.post(f"/admin/connection/{pk}/models").content.decode()
    assert '<option value="light">Light</option>' in shown
    before = Revision.objects.count()
    answer = copied(client, pk, models=["kept", "a", "b"])
    assert answer["location"] == f"/admin/governance/provider/{pk}/change/"
    (message,) = said(answer)
    assert message.startswith("up: 2 models are targets of ")
    assert 'href="/admin/governance/routingprofile/light/change/">Light</a> now.' in message
    assert message.endswith("Already there: kept.")
    last = Revision.objects.latest("version")
    assert (last.who, last.version - before) == ("member", 1)
    assert last.summary == 'Added to routing profile "Light": up/a, up/b.'
    assert [one.model for one in RoutingProfile.objects.get().ordered_targets()] == [
        "kept",
        "a",
        "b",
    ]


def test_a_new_profile(member: Member, pk: int) -> None:
    client = member(*RIGHTS, CHANGE, ADD)
    answer = copied(client, pk, profile="/new", name="Sky ", virtual_provider="sky", enabled="")
    made = RoutingProfile.objects.get(name="Sky")
    assert f"routingprofile/{made.pk}/change/" in said(answer)[0]
    assert [one.model for one in made.ordered_targets()] == ["a", "b"]


def test_what_is_refused_stands_at_its_field_with_all_that_was_chosen(
    member: Member, pk: int
) -> None:
    """Nobody is asked again, and nothing was written."""
    client = member(*RIGHTS, CHANGE, ADD)
    before = Revision.objects.count()
    answer = copied(
        client,
        pk,
        profile="/new",
        name="",
        virtual_provider="up",
        aliases="own",
        models=["a", "x" * 301],
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing was added." in page
    assert "name is required." in page
    assert "is the name of a configured provider." in page
    assert "model must have at most 300 characters." in page
    assert page.count('aria-invalid="true"') == 3
    assert 'value="a" checked' in page
    assert 'value="c">' in page
    assert 'value="own" checked' in page
    assert Revision.objects.count() == before


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"profile": ""}, "Choose a routing profile."),
        ({"profile": "gone"}, "There is no routing profile"),
        ({"models": []}, "Tick at least one model."),
        ({"models": ["kept"]}, "All that is ticked is a target of this profile already."),
    ],
)
def test_what_cannot_be_done_is_told(
    member: Member, pk: int, chosen: dict[str, Any], words: str
) -> None:
    assert words in copied(member(*RIGHTS, CHANGE), pk, **chosen).content.decode()
    assert RoutingProfile.objects.get().targets.count() == 1


def test_who_may_what(member: Member, pk: int) -> None:
    """A profile needs the right to change it, a new one that to add it."""
    new = {"profile": "/new", "name": "Sky", "virtual_provider": "sky"}
    for rights, choice in (((), {}), ((ADD,), {}), ((CHANGE,), new)):
        client = member(*RIGHTS, *rights, name=f"m{len(rights)}{len(choice)}")
        assert said(copied(client, pk, **choice)) == ["You may not change that routing profile."]
    assert (
        member("governance.view_provider", CHANGE, name="v")
        .post(f"/admin/connection/{pk}/copy")
        .status_code
        == 403
    )
    assert RoutingProfile.objects.get().targets.count() == 1
    assert copied(member(*RIGHTS, CHANGE, name="o"), pk + 1).status_code == 404
