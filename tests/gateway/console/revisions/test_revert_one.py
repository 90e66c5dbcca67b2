"""One thing is brought back, and everything else stays as it is."""

from __future__ import annotations

import pytest
from django.test import Client

from governance import services
from governance.errors import NotFound
from governance.models import AuditEntry, Provider, Revision, RoutingProfile
from tests.gateway.console.sent import ROOT, messages_of, text_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def history(db: None) -> None:
    """A profile with three states, beside one and a provider that changed meanwhile."""
    services.save_profile(profile_document(description="one"), who="ann")
    services.save_profile(profile_document("other"), who="ann")
    services.save_profile(profile_document(description="two"), who="ann", existing="light")
    services.save_provider(provider_document(default_model="a"), who="ann")
    services.save_provider(provider_document(default_model="b"), who="ann", existing="fast")
    services.save_profile(
        profile_document("other", description="late"), who="ann", existing="other"
    )


def test_it_works(admin: Client) -> None:
    """From the history of the thing: what it would change first, and then that alone."""
    page = admin.get(f"{ROOT}/routingprofile/light/history/").content.decode()
    link = f"{ROOT}/revision/1/revert/?kind=routing%20profile&amp;id=light"
    assert link in page
    assert f'href="{ROOT}/revision/3/change/"' in page
    path = link.replace("&amp;", "&")
    assert "description two → one" in text_of(admin.get(path))
    assert RoutingProfile.objects.get(pk="light").description == "two"
    answer = admin.post(path, follow=True)
    assert messages_of(answer) == ["It is as revision 1 left it."]
    assert RoutingProfile.objects.get(pk="light").description == "one"
    assert RoutingProfile.objects.get(pk="other").description == "late"
    assert Provider.objects.get().default_model == "b"
    latest = Revision.objects.get(pk=7)
    assert (latest.action, len(latest.changes)) == ("revert", 1)
    assert AuditEntry.objects.latest("pk").revision == 7


def test_one_of_many_changes_is_taken_back(admin: Client) -> None:
    page = admin.get(f"{ROOT}/revision/5/change/").content.decode()
    assert "Take back only this" in page
    pk = Provider.objects.get().pk
    admin.post(f"{ROOT}/revision/4/revert/?kind=provider&id={pk}")
    assert Provider.objects.get().default_model == "a"
    assert RoutingProfile.objects.get(pk="light").description == "two"


def test_what_was_deleted_comes_back(admin: Client) -> None:
    services.delete_profile("light", who="ann")
    admin.post(f"{ROOT}/revision/3/revert/?kind=routing profile&id=light")
    row = RoutingProfile.objects.get(pk="light")
    assert (row.description, len(row.ordered_targets())) == ("two", 1)


@pytest.mark.parametrize(
    ("kind", "identity", "version"),
    [("routing profile", "other", 1), ("API key", "x", 3), ("nonsense", "x", 3)],
)
def test_what_cannot_come_back_is_refused(kind: str, identity: str, version: int) -> None:
    with pytest.raises(NotFound):
        services.revert_one(kind, identity, version, who="ann")
    assert Revision.objects.count() == 6


def test_who_may_not_revert_reverts_nothing(staff: object) -> None:
    client: Client = staff("view_revision", "change_routingprofile")  # type: ignore[operator]
    path = f"{ROOT}/revision/1/revert/?kind=routing profile&id=light"
    assert client.post(path).status_code == 403
