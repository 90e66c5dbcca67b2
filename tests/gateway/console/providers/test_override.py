"""Taking a provider out of service for a while, on its page."""

from __future__ import annotations

import pytest

from governance import services, snapshot
from governance.models import AuditEntry, Provider
from tests.gateway.console.conftest import Member
from tests.gateway.console.sent import messages_of, text_of

VIEW, CHANGE = "governance.view_provider", "governance.change_provider"
PROFILES = (
    *("governance.view_routingprofile", "governance.change_routingprofile"),
    *("governance.view_routingtarget", "governance.change_routingtarget"),
)


@pytest.fixture
def pk(db: None) -> int:
    provider = {"name": "Fast", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"}
    services.save_provider(provider, who="t")
    snapshot.refresh()
    return Provider.objects.get().pk


def test_it_works(member: Member, pk: int) -> None:
    client, page = member(VIEW, CHANGE), f"/admin/governance/provider/{pk}/change/"
    assert "Nothing is forced upon it." in text_of(client.get(page))
    sent = {"state": "drain", "minutes": "60", "reason": "new disks", "model": ""}
    answer = client.post(f"/admin/connection/{pk}/override", sent, follow=True)
    assert messages_of(answer) == ["It holds from now on, and ends by itself."]
    said = text_of(answer).replace("\xa0", " ")
    assert "drained Fast new disks (member), ends" in said
    assert "End now" in said
    assert snapshot.refresh().overrides == {("fast", ""): "drain"}
    assert "drained An operator lets it have no new requests." in text_of(client.get(page))
    assert "drained" in text_of(client.get("/admin/governance/provider/"))
    (entry,) = AuditEntry.objects.filter(action="override")
    assert (entry.actor, entry.via, entry.object_name) == ("member", "page", "Fast")
    answer = client.post(f"/admin/connection/{pk}/override", {"end": "1"}, follow=True)
    assert messages_of(answer) == ["Fast is used again as its health allows."]
    assert snapshot.refresh().overrides == {}


def test_a_target_on_its_profile_s_page_says_who_and_why(member: Member, pk: int) -> None:
    client = member(VIEW, CHANGE, *PROFILES)
    document = {"name": "Light", "virtual_provider": "light"}
    targets = [{"provider": "Fast", "model": "m"}, {"provider": "Fast", "model": "n"}]
    profile = services.save_profile({**document, "targets": targets}, who="t").document["id"]
    sent = {"state": "open", "minutes": "60", "reason": "a leak", "model": "m"}
    client.post(f"/admin/connection/{pk}/override", sent)
    snapshot.refresh()
    page = client.get(f"/admin/governance/routingprofile/{profile}/change/")
    assert text_of(page).count("a leak (member), until") == 1
    link = f"/admin/governance/provider/{pk}/change/?override=n"
    assert link in page.content.decode()
    assert 'name="model" value="n"' in client.get(link).content.decode()


def test_what_is_missing_is_said(member: Member, pk: int) -> None:
    client = member(VIEW, CHANGE)
    sent = {"state": "drain", "minutes": "60", "reason": "", "model": ""}
    answer = client.post(f"/admin/connection/{pk}/override", sent, follow=True)
    assert messages_of(answer) == ["reason is required."]
    answer = client.post(f"/admin/connection/{pk}/override", {"end": "1"}, follow=True)
    assert messages_of(answer) == ["Nothing is forced upon Fast."]


def test_who_may_only_look_sees_no_form(member: Member, pk: int) -> None:
    client = member(VIEW)
    assert (
        'name="reason"'
        not in client.get(f"/admin/governance/provider/{pk}/change/").content.decode()
    )
    assert client.post(f"/admin/connection/{pk}/override", {"end": "1"}).status_code == 403
