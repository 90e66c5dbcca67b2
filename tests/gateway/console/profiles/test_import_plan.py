"""Export, import in two steps, duplicate, and shares."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from governance import services
from governance.models import Limit, Revision, RoutingProfile
from tests.gateway.console.sent import ROOT, messages_of, profile_form, text_of
from tests.governance.conftest import profile_document

PATH = f"{ROOT}/routingprofile"
IMPORT = f"{PATH}/import/"
API = "/api/governance/routing-profiles/export"
ALL = tuple(f"{right}_routingprofile" for right in ("view", "add", "change", "delete"))


@pytest.fixture(autouse=True)
def held(db: None) -> None:
    for name in ("light", "old"):
        services.save_profile(profile_document(name), who="t")


def written() -> str:
    """A set that creates one, changes one and removes one."""
    changed = profile_document("light", description="new <b>", hue="red")
    return json.dumps({"routing_profiles": [changed, profile_document("fresh")]})


def token_in(answer: Any) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', answer.content.decode())
    assert found is not None
    return found[1]


def ids() -> set[str]:
    return set(RoutingProfile.objects.values_list("pk", flat=True))


def test_the_export_is_that_of_the_api(admin: Client) -> None:
    answer = admin.get(f"{PATH}/export/")
    assert answer.content == admin.get(API).content
    assert "attachment" in answer["Content-Disposition"]


def test_what_was_exported_changes_nothing_when_imported(admin: Client) -> None:
    file = SimpleUploadedFile("routing-profiles.json", admin.get(f"{PATH}/export/").content)
    page = admin.post(IMPORT, {"file": file})
    assert "Nothing would change" in text_of(page)
    assert b'name="plan"' not in page.content


def test_the_plan_is_shown_and_then_done(admin: Client) -> None:
    assert "Paste an export" in text_of(admin.get(IMPORT))
    page = admin.post(IMPORT, {"text": written()})
    told = text_of(page)
    assert "1 created, 1 changed, 1 removed, 0 as before" in told
    for words in ("Removed Old", "Created Fresh", "Light: description", "routing_profiles[0].hue"):
        assert words in told
    assert b"new &lt;b&gt;" in page.content
    assert (ids(), Revision.objects.count()) == ({"light", "old"}, 2)
    answer = admin.post(IMPORT, {"plan": token_in(page)}, follow=True)
    words = "Imported routing profiles: 1 created, 1 changed, 1 removed, 0 as before."
    assert words in messages_of(answer)
    assert ids() == {"light", "fresh"}
    made = Revision.objects.get(version=3)
    assert (made.who, made.action) == ("root", "import")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "The body is not JSON"),
        ("[]", "An import must be an object"),
        ("{}", "routing_profiles: An import holds"),
        (json.dumps({"routing_profiles": [{"id": "x"}]}), "routing_profiles[0].name"),
        ("", "one of the two"),
    ],
)
def test_a_bad_document_is_told_with_its_paths(admin: Client, text: str, words: str) -> None:
    page = admin.post(IMPORT, {"text": text})
    assert words in re.sub(r" : ", ": ", text_of(page))
    assert b'name="plan"' not in page.content
    assert ids() == {"light", "old"}


def test_a_file_that_is_no_text_is_refused(admin: Client) -> None:
    page = admin.post(IMPORT, {"file": SimpleUploadedFile("a.json", b"\xff\xfe")})
    assert "The body is not UTF-8." in text_of(page)


def test_a_change_in_between_shows_the_plan_anew(admin: Client) -> None:
    """What is applied is what was shown, never more."""
    first = token_in(admin.post(IMPORT, {"text": written()}))
    services.save_profile(profile_document("late"), who="t")
    page = admin.post(IMPORT, {"plan": first})
    assert "1 created, 1 changed, 2 removed" in text_of(page)
    assert ids() == {"light", "old", "late"}
    admin.post(IMPORT, {"plan": token_in(page)})
    assert ids() == {"light", "fresh"}


def test_a_conflict_in_between_is_told(admin: Client) -> None:
    token = token_in(admin.post(IMPORT, {"text": written()}))
    key = {"name": "k", "scopes": ["inference"], "routing_profile": "old"}
    services.create_key(key, who="t")
    assert "bound to the API keys k" in text_of(admin.post(IMPORT, {"plan": token}))
    assert ids() == {"light", "old"}


def test_a_plan_of_someone_else_or_a_forged_one_is_refused(
    admin: Client, staff: Callable[..., Client]
) -> None:
    token = token_in(admin.post(IMPORT, {"text": written()}))
    for client, sent in ((staff(*ALL), token), (admin, token[:-1] + "~"), (admin, "")):
        assert "no longer good" in text_of(client.post(IMPORT, {"plan": sent}))
    assert ids() == {"light", "old"}


def test_an_empty_set_removes_all(admin: Client) -> None:
    page = admin.post(IMPORT, {"text": '{"routing_profiles": []}'})
    assert "2 removed" in text_of(page)
    admin.post(IMPORT, {"plan": token_in(page)})
    assert not ids()


def test_viewers_only_export(staff: Callable[..., Client]) -> None:
    viewer = staff("view_routingprofile")
    assert viewer.get(f"{PATH}/export/").status_code == 200
    page = viewer.get(f"{PATH}/").content
    assert b"/routingprofile/export/" in page
    assert b"/routingprofile/import/" not in page
    assert viewer.get(IMPORT).status_code == 403
    assert viewer.post(IMPORT, {"text": written()}).status_code == 403
    assert b"/duplicate/" not in viewer.get(f"{PATH}/light/change/").content
    assert viewer.get(f"{PATH}/light/duplicate/").status_code == 403


@pytest.mark.parametrize("missing", ALL[1:])
def test_an_import_needs_every_right(staff: Callable[..., Client], missing: str) -> None:
    client = staff(*(one for one in ALL if one != missing))
    assert client.post(IMPORT, {"text": written()}).status_code == 403


def test_nobody_else_gets_anything(staff: Callable[..., Client]) -> None:
    client = staff()
    for path in ("export/", "import/", "light/duplicate/"):
        assert client.get(f"{PATH}/{path}").status_code == 403


def test_duplicate_opens_a_filled_form_and_writes_nothing(admin: Client) -> None:
    targets = [
        {"provider": "fast", "model": "m-1", "weight": 3, "capabilities": ["text"]},
        {"provider": "slow", "rate_limit": {"token_percent_threshold": 80}},
    ]
    document = profile_document(targets=targets, strategy="weighted", description="d")
    services.save_profile(document, who="t", existing="light")
    services.save_profile(profile_document("light-copy", name="light COPY"), who="t")
    assert b"/light/duplicate/" in admin.get(f"{PATH}/light/change/").content
    page = admin.get(f"{PATH}/light/duplicate/", follow=True)
    assert ids() == {"light", "old", "light-copy"}
    form = page.context["adminform"].form
    rows = page.context["inline_admin_formsets"][0].formset.forms
    assert form["name"].value() == "Light copy 2"
    assert form["virtual_provider"].value() == "light-copy-2"
    assert (form["strategy"].value(), form["id"].value()) == ("weighted", "")
    assert [row["provider"].value() for row in rows] == ["fast", "slow"]
    assert (rows[0]["capabilities"].value(), rows[0]["weight"].value()) == (["text"], 3)
    assert rows[1]["token_percent_threshold"].value() == 80
    copy = {**document, "id": "", "name": "Light copy 2", "virtual_provider": "light-copy-2"}
    answer = admin.post(page.redirect_chain[-1][0], profile_form(copy), follow=True)
    assert answer.redirect_chain
    (made,) = ids() - {"light", "old", "light-copy"}
    row = RoutingProfile.objects.get(pk=made)
    assert [one.provider for one in row.ordered_targets()] == ["fast", "slow"]


@pytest.mark.parametrize("path", ["nobody/duplicate/", "add/?copy_of=nobody", "add/?copy_of=%00"])
def test_a_duplicate_of_nothing_is_told_as_the_admin_tells_it(admin: Client, path: str) -> None:
    answer = admin.get(f"{PATH}/{path}", follow=True)
    assert [where for where, _ in answer.redirect_chain][-1] == f"{PATH}/"
    assert "exist. Perhaps it was deleted?" in messages_of(answer)[0]


def test_weights_are_told_as_shares(admin: Client) -> None:
    """Among the enabled targets that serve the same alias, where weights count."""
    targets = [
        {"provider": "a", "weight": 1},
        {"provider": "b", "weight": 2},
        {"provider": "c", "weight": 9, "enabled": False},
        {"provider": "d", "virtual_model": "y", "model": "m", "weight": 1},
    ]
    document = profile_document(targets=targets, strategy="weighted")
    services.save_profile(document, who="t", existing="light")
    for path in (f"{PATH}/", f"{PATH}/light/change/"):
        told = text_of(admin.get(path))
        for words in ("33.3 %", "66.7 %", "25 %"):
            assert words in told
    services.save_profile({**document, "strategy": "ordered_failover"}, who="t", existing="light")
    assert "33.3 %" not in text_of(admin.get(f"{PATH}/"))


def test_limits_and_prices_stand_in_the_plan_and_travel_along(admin: Client) -> None:
    limit = {"name": "team", "subject": {"type": "everything"}, "measure": "cost", "amount": "5"}
    price = {"model": "m", "input": "1", "output": "1", "valid_from": "2026-01-01"}
    text = json.dumps({"limits": [limit], "prices": [price]})
    page = admin.post(IMPORT, {"text": text})
    assert "team: created" in text_of(page)
    assert not Limit.objects.exists()
    done = admin.post(IMPORT, {"plan": token_in(page)}, follow=True)
    assert "Imported limits: 1 created" in text_of(done)
    assert Limit.objects.get().amount == 5
    assert ids() == {"light", "old"}
    exported = json.loads(admin.get(f"{PATH}/export/").content)["plugin"]["config"]
    assert [one["name"] for one in exported["limits"]] == ["team"]


def test_who_may_not_set_limits_imports_none(staff: Callable[..., Client]) -> None:
    text = json.dumps({"routing_profiles": [], "limits": []})
    page = staff(*ALL).post(IMPORT, {"text": text})
    assert "You may not replace limits." in text_of(page)
    assert ids() == {"light", "old"}
