"""The panel beside a profile's form: it rehearses what was typed, saved or not."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from governance import services, snapshot
from governance.models import Interaction, Revision
from governance.routing.request import RoutingRequest
from inference.record.describe import describe
from tests.gateway.console.conftest import Member
from tests.gateway.console.sent import profile_form
from tests.governance.interactions.request_contexts import request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db

MODELS = ("profile", "target")
LOOK = tuple(f"governance.view_routing{model}" for model in MODELS)
EDIT = LOOK + tuple(
    f"governance.{verb}_routing{model}" for verb in ("add", "change", "delete") for model in MODELS
)
PAST = "governance.view_interaction"
SAVED: dict[str, Any] = {
    "id": "light",
    "name": "Light",
    "virtual_provider": "light",
    "targets": [{"provider": "fast", "model": "m-1"}],
}


@pytest.fixture(autouse=True)
def saved(settings: Settings) -> None:
    for name in ("fast", "slow"):
        address = {"base_url": "http://127.0.0.1:9/v1", "is_local": True}
        services.save_provider({"name": name, "kind": "openai", **address}, who="ann")
    services.save_profile(SAVED, who="ann")
    snapshot.refresh()


def draft(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**SAVED, "targets": list(targets) or SAVED["targets"], **more}


def post(
    client: Client, document: dict[str, Any], path: str = "rehearse", **asked: Any
) -> tuple[int, str]:
    """The answer's status, and what a person reads."""
    existing = asked.pop("existing", "light")
    form = profile_form(document, adding=not existing)
    fields = {f"rehearse-{name.replace('_', '-')}": value for name, value in asked.items()}
    answer = client.post(f"/admin/{path}", {**form, "rehearse-existing": existing, **fields})
    text = html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))
    return answer.status_code, re.sub(r"\s+", " ", text)


def said(client: Client, document: dict[str, Any], **asked: Any) -> str:
    status, text = post(client, document, **asked)
    assert status == 200
    return text


def test_it_works_on_what_is_typed_and_saves_nothing(member: Member) -> None:
    before = Revision.objects.count()
    text = said(member(*EDIT), draft({"provider": "slow", "model": "m-2"}, *SAVED["targets"]))
    assert "1 slow / m-2 local 2 fast / m-1 local" in text
    assert "slow / m-2 joins the chain at place 1." in text
    assert "fast / m-1 moves from place 1 to 2" in text
    assert Revision.objects.count() == before


def test_the_saved_profile_changes_nothing(member: Member) -> None:
    assert "Nothing changes." in said(member(*EDIT), SAVED)


def test_a_new_profile_can_be_rehearsed_before_it_has_an_id(member: Member) -> None:
    new = {**SAVED, "id": "", "name": "New", "virtual_provider": "new"}
    text = said(member(*EDIT), new, existing="")
    assert "Profile New" in text
    assert "The profile is not saved yet." in text


def test_broken_rules_are_told_all_at_once(member: Member) -> None:
    """In the words the form will use."""
    broken = draft(
        {"provider": "", "model": "m"}, {"provider": "fast", "virtual_model": "x"}, name=""
    )
    text = said(member(*EDIT), broken)
    assert "Before it can be rehearsed:" in text
    assert "Name is required." in text
    assert "Target 1: Provider is required." in text
    assert "Target 2: Model is required" in text


def test_a_request_in_a_few_words(member: Member) -> None:
    targets = [
        {"provider": "fast", "model": "m-1", "capabilities": ["text"]},
        {"provider": "slow", "model": "m-2", "capabilities": ["vision", "text"], "priority": 1},
    ]
    client = member(*EDIT)
    assert "1 fast / m-1" in said(client, draft(*targets))
    seen = said(client, draft(*targets), capabilities=["vision", "text"])
    assert "1 slow / m-2" in seen
    assert "It lacks vision" in seen
    named = draft({"provider": "fast", "virtual_model": "small", "model": "m-1"})
    assert 'It serves "small", not "huge".' in said(client, named, model="light/huge")


def test_a_pasted_request_is_read_as_live_ones_are(member: Member) -> None:
    client = member(*EDIT)
    image = {"type": "image_url", "image_url": {"url": "http://x/y.png"}}
    body = {"messages": [{"role": "user", "content": [image]}]}
    text = said(client, SAVED, source="pasted", request=json.dumps(body))
    assert "Needs: text, vision." in text
    for wrong in ("{", "[]", '{"messages": 7}'):
        text = said(client, SAVED, source="pasted", request=wrong)
        assert "Before it can be rehearsed:" in text


def test_a_request_of_the_past(member: Member) -> None:
    insert(
        [
            describe(
                request_context(
                    routing_request=RoutingRequest(
                        model="fast/m-9", required_capabilities=frozenset({"text", "tools"})
                    )
                )
            )
        ]
    )
    row = Interaction.objects.get()
    client = member(*EDIT, PAST)
    text = said(client, SAVED, source="past", past=str(row.pk), way="policy")
    assert "Provider fast" in text
    assert "Needs: text, tools." in text
    assert "not in the log any more" in said(client, SAVED, source="past", past="0")
    assert "not in the log any more" in said(client, SAVED, source="past", past="x")


def test_the_past_is_for_those_who_may_see_it(member: Member) -> None:
    client = member(*EDIT)
    assert "You may not see past requests." in said(client, SAVED, source="past", past="1")
    assert post(client, SAVED, "replay")[0] == 403


def test_what_if_a_provider_is_down(member: Member) -> None:
    client = member(*EDIT)
    both = draft({"provider": "Fast", "model": "m-1"}, {"provider": "slow", "model": "m-2"})
    answer = client.post(
        "/admin/rehearse", {**profile_form(both, adding=False), "rehearse-existing": "light"}
    )
    assert 'data-providers="["Fast", "slow"]"' in html.unescape(answer.content.decode())
    for condition, shown in (
        ("down", "2 Fast / m-1 local cooling down"),
        ("slow", "2 Fast / m-1 local saturated"),
        ("rate_limited", "of the request limit is used"),
        ("", "1 Fast / m-1"),
    ):
        text = said(client, both, if_Fast=condition)
        assert shown.lower() in text.lower(), condition


def test_nobody_answers_where_every_provider_is_down(member: Member) -> None:
    """Down is not cooling down: what is tried fails, and the page says who answers in the end."""
    client = member(*EDIT)
    both = draft({"provider": "fast", "model": "m-1"}, {"provider": "slow", "model": "m-2"})
    text = said(client, both, if_fast="down", if_slow="down")
    assert "Fails Nobody answers" in text
    assert "Answered" not in text
    assert "fast / m-1 cannot be reached" in text
    assert "Answered Profile Light" in said(client, both, if_fast="down")
    assert "Fails" in said(client, both, if_fast="silent", if_slow="cut")
    assert "Answered" in said(client, both, if_fast="cut")


def test_the_whole_policy_may_choose_another_profile(member: Member) -> None:
    services.save_profile(
        {**SAVED, "id": "other", "name": "Other", "virtual_provider": "other"}, who="ann"
    )
    text = said(member(*EDIT), SAVED, model="other/x", way="policy")
    assert "Profile Other" in text


def test_who_may_only_look_rehearses_what_is_saved(member: Member) -> None:
    text = said(member(*LOOK), draft({"provider": "slow", "model": "sneaked"}))
    assert "1 fast / m-1" in text
    assert "sneaked" not in text


def test_a_profile_that_is_gone(member: Member) -> None:
    assert "not there any more" in said(member(*EDIT), SAVED, existing="gone")
    assert "not there any more" in said(member(*LOOK, name="eve"), SAVED, existing="")


def test_replay_says_how_many_move(member: Member) -> None:
    for number in range(4):
        insert(
            [
                describe(
                    request_context(
                        id=f"r{number}", routing_request=RoutingRequest(model="light/x")
                    )
                )
            ]
        )
    insert(
        [describe(request_context(id="other", routing_request=RoutingRequest(model="slow/m-2")))]
    )
    client = member(*EDIT, PAST)
    status, text = post(client, draft({"provider": "slow", "model": "m-2"}), "replay", count="100")
    assert status == 200
    assert "Of 5 requests, 4 would go elsewhere." in text
    assert "fast / m-1 slow / m-2 4" in text
    renamed = draft(virtual_provider="moved", local_fallback="never")
    _, text = post(client, renamed, "replay")
    assert "4 would be refused that are answered now" in text


def test_replay_of_one_profile_alone(member: Member) -> None:
    insert([describe(request_context(routing_request=RoutingRequest(model="light/x")))])
    client = member(*EDIT, PAST)
    _, text = post(client, SAVED, "replay", mine="1")
    assert "There are no past requests to replay yet." in text


def test_the_panel_stands_on_the_page_of_a_profile(member: Member) -> None:
    insert([describe(request_context())])
    client = member(*EDIT, PAST)
    for path in ("light/change/", "add/"):
        page = client.get(f"/admin/governance/routingprofile/{path}").content.decode()
        assert 'id="rehearse"' in page
        assert 'id="replay"' in page
        assert "light/light" in page


def test_the_log_is_not_offered_to_those_who_may_not_see_it(member: Member) -> None:
    insert([describe(request_context(routing_request=RoutingRequest(model="hush/hush")))])
    page = member(*EDIT).get("/admin/governance/routingprofile/light/change/").content.decode()
    assert 'id="rehearse"' in page
    assert 'id="replay"' not in page
    assert "hush" not in page


def test_others_may_not(member: Member) -> None:
    client = member(PAST)
    assert post(client, SAVED)[0] == 403
    assert post(client, SAVED, "replay")[0] == 403
    assert client.get("/admin/rehearse").status_code == 405
