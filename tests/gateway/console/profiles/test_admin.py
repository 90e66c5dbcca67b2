"""The page of a routing profile: fields and targets together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from governance import services, snapshot
from governance.models import ApiKey, Revision, RoutingProfile
from governance.serializers import ProfileSerializer
from tests.gateway.console.sent import ROOT, messages_of, profile_form, text_of
from tests.governance.conftest import profile_document, provider_document

PATH = f"{ROOT}/routingprofile"
TARGETS = [
    {
        "provider": "fast",
        "virtual_model": "small",
        "model": "m-1",
        "priority": 2,
        "weight": 0.5,
        "request_types": ["chat"],
        "capabilities": ["text", "vision"],
        "enabled": False,
        "hedge_after": 2,
        "rate_limit": {"token_percent_threshold": 80},
    },
    {"provider": "nobody", "virtual_model": "large", "model": "m-2"},
]


def saved() -> dict[str, Any]:
    row = RoutingProfile.objects.get()
    return ProfileSerializer.document(row)


def test_it_works(admin: Client) -> None:
    """Added by hand, shown, changed, deleted."""
    document = profile_document(
        targets=TARGETS, description="Two\nlines", strategy="weighted", local_fallback="never"
    )
    answer = admin.post(f"{PATH}/add/", profile_form(document), follow=True)
    assert answer.redirect_chain
    first = saved()
    assert first["targets"][0] == TARGETS[0]
    assert (first["id"], first["strategy"]) == ("light", "weighted")
    assert first["description"] == "Two\nlines"
    assert Revision.objects.get().who == "root"
    assert LogEntry.objects.get().object_id == "light"
    page = admin.get(f"{PATH}/light/change/")
    assert b'value="m-1"' in page.content
    changed = {**document, "name": "Lamp", "targets": TARGETS[::-1]}
    admin.post(f"{PATH}/light/change/", profile_form(changed, adding=False))
    second = saved()
    assert second["name"] == "Lamp"
    assert second["targets"] == first["targets"][::-1]
    admin.post(f"{PATH}/light/delete/", {"post": "yes"})
    assert not RoutingProfile.objects.exists()
    assert [row.action for row in Revision.objects.all()] == ["delete", "save", "save"]


def test_the_form_shows_what_the_api_takes(admin: Client) -> None:
    """Saving an opened page unchanged changes nothing, whatever the profile holds."""
    services.save_profile(profile_document(targets=TARGETS, local_only=True), who="t")
    page = admin.get(f"{PATH}/light/change/")
    before = saved()
    answer = admin.post(f"{PATH}/light/change/", sent_by(page), follow=True)
    assert answer.redirect_chain
    assert saved() == before
    assert Revision.objects.count() == 1


def test_the_page_shows_the_order_in_which_targets_are_tried(admin: Client) -> None:
    """Whatever the list says: by priority; saving it unchanged leaves list and numbers alone."""
    targets = [
        {"provider": "late", "model": "m", "priority": 7},
        {"provider": "heavy", "model": "m", "priority": 2, "weight": 3},
        {"provider": "light", "model": "m", "priority": 2},
        {"provider": "first", "model": "m", "priority": -1},
    ]
    services.save_profile(profile_document(targets=targets), who="t")
    page = admin.get(f"{PATH}/light/change/")
    shown = re.findall(r'name="targets-\d-provider" value="(\w+)"', page.content.decode())
    assert shown == ["first", "heavy", "light", "late"]
    assert "Then, with priority 2" in page.content.decode()
    before = saved()
    assert admin.post(f"{PATH}/light/change/", sent_by(page)).status_code == 302
    assert saved() == before
    assert Revision.objects.count() == 1
    moved = sent_by(page) | {"targets-0-position": "1", "targets-1-position": "0"}
    admin.post(f"{PATH}/light/change/", moved)
    tried = sorted(saved()["targets"], key=lambda one: (one["priority"], -one["weight"]))
    assert [one["provider"] for one in tried] == ["heavy", "first", "light", "late"]


def test_every_field_of_the_form_is_on_the_page(admin: Client) -> None:
    """One that was not would be sent blank, and a save would lose what it held."""
    services.save_profile(profile_document(), who="t")
    for path in (f"{PATH}/light/change/", f"{PATH}/add/"):
        page = admin.get(path)
        names = set(re.findall(r'name="([\w-]+)"', page.content.decode()))
        formset = page.context["inline_admin_formsets"][0].formset
        for form in (page.context["adminform"].form, *formset.forms, formset.empty_form):
            hidden = {f"{form.prefix}-profile"}
            missing = {bound.html_name for bound in form} - names - hidden
            assert not missing, path


def sent_by(page: Any) -> dict[str, Any]:
    """What a browser sends of a page that nobody touched."""
    formset = page.context["inline_admin_formsets"][0].formset
    count = len(formset.forms)
    data: dict[str, Any] = {"targets-INITIAL_FORMS": count, "targets-TOTAL_FORMS": count}
    for form in (page.context["adminform"].form, *formset.forms):
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                data[bound.html_name] = "on" if value is True else value
    return data


def test_the_warning_is_of_the_targets_as_they_are_saved(admin: Client) -> None:
    """A good one that is added needs none; one that was broken by this very save does."""
    services.save_provider(provider_document(), who="t")
    good = profile_document(targets=[{"provider": "fast", "model": "m"}])
    bad = profile_document(targets=[{"provider": "nobody", "model": "m"}])
    added = admin.post(f"{PATH}/add/", profile_form(good), follow=True)
    assert not any("No target can be used" in one for one in messages_of(added))
    path = f"{PATH}/light/change/"
    broken = admin.post(path, profile_form(bad, adding=False), follow=True)
    assert any("No target can be used" in one for one in messages_of(broken))
    mended = admin.post(path, profile_form(good, adding=False), follow=True)
    assert not any("No target can be used" in one for one in messages_of(mended))


def test_an_id_is_made_when_it_is_left_blank(admin: Client) -> None:
    admin.post(f"{PATH}/add/", profile_form(profile_document(id="")))
    assert RoutingProfile.objects.get().pk.startswith("rp-")


def test_targets_lie_as_they_were_dragged_and_blank_rows_do_not_count(admin: Client) -> None:
    data = profile_form(profile_document(targets=TARGETS))
    data |= {"targets-0-position": "1", "targets-1-position": "0", "targets-TOTAL_FORMS": "4"}
    data |= {"targets-2-priority": "0", "targets-2-weight": "1", "targets-2-enabled": "on"}
    data |= {"targets-2-position": "2"}
    data |= {"targets-3-provider": "gone", "targets-3-DELETE": "on"}
    admin.post(f"{PATH}/add/", data)
    assert [one["provider"] for one in saved()["targets"]] == ["nobody", "fast"]


def test_all_errors_stand_at_their_fields_at_once(admin: Client) -> None:
    targets = [{"virtual_model": "a", "priority": "soon"}, {"provider": "p", "weight": -1}]
    broken = {"name": "", "virtual_provider": "a/b", "strategy": "best", "targets": targets}
    answer = admin.post(f"{PATH}/add/", profile_form(broken))
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert {name: list(errors) for name, errors in form.errors.items()} == {
        "name": ["Name is required."],
        "virtual_provider": ["Prefix must not contain a slash or white space."],
        "strategy": [
            "Strategy must be ordered_failover, weighted, least_busy, fastest or cheapest."
        ],
    }
    first, second = answer.context["inline_admin_formsets"][0].formset.forms
    assert {name: list(errors) for name, errors in first.errors.items()} == {
        "provider": ["Provider is required."],
        "model": ["Model is required where Alias is set."],
        "priority": ["Priority must be a whole number, not a string."],
    }
    assert {name: list(errors) for name, errors in second.errors.items()} == {
        "weight": ["Weight must be a number from 0 to 1,000,000."]
    }
    assert not RoutingProfile.objects.exists()


def test_a_profile_needs_a_target(admin: Client) -> None:
    answer = admin.post(f"{PATH}/add/", profile_form(profile_document(targets=[])))
    formset = answer.context["inline_admin_formsets"][0].formset
    assert list(formset.non_form_errors()) == ["A routing profile needs at least one target."]


def test_a_page_that_was_open_while_someone_else_saved_still_saves(admin: Client) -> None:
    """The rows of its targets are gone by then; what was sent replaces what is there."""
    services.save_profile(profile_document(targets=TARGETS), who="t")
    data = profile_form(profile_document(targets=TARGETS), adding=False)
    data |= {"targets-0-id": "991", "targets-1-id": "992", "targets-INITIAL_FORMS": "2"}
    services.save_profile(profile_document(), who="t", existing="light")
    answer = admin.post(f"{PATH}/light/change/", data, follow=True)
    assert answer.redirect_chain
    assert len(saved()["targets"]) == 2


def test_what_was_refused_at_the_last_moment_is_told(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone else took the name between the checks and the write."""
    services.save_profile(profile_document(), who="t")
    other = profile_form(profile_document("other", name="Light"))
    with monkeypatch.context() as unchecked:
        unchecked.setattr("gateway.console.profiles.form.profile_problems", lambda *_: [])
        answer = admin.post(f"{PATH}/add/", other, follow=True)
    assert messages_of(answer) == ['Another routing profile already has the name "Light".']
    assert RoutingProfile.objects.count() == 1


def test_states_are_in_plain_sight(admin: Client, settings: Any) -> None:
    """Cloud routing off, a target not configured, and what follows for the profile."""
    services.save_provider(provider_document(base_url="https://a.example/v1"), who="t")
    services.save_profile(profile_document(targets=[*TARGETS[1:], {"provider": "fast"}]), who="t")
    listing = text_of(admin.get(f"{PATH}/"))
    assert "Cloud routing is off" in listing
    assert "falls to local" in listing
    assert "fast (cloud off)" in listing
    page = text_of(admin.get(f"{PATH}/light/change/"))
    assert "not configured" in page
    assert "cloud off" in page
    answer = admin.post(
        f"{PATH}/light/change/",
        profile_form(profile_document(targets=TARGETS), adding=False),
        follow=True,
    )
    assert any("local inference answers instead" in one for one in messages_of(answer))
    settings.ENABLE_CLOUD_ROUTING = True
    assert "Cloud routing is off" not in text_of(admin.get(f"{PATH}/"))


def test_a_profile_that_keys_are_bound_to_cannot_be_deleted(admin: Client) -> None:
    services.save_profile(profile_document(), who="t")
    key = {"name": "ci", "scopes": ["inference"], "routing_profile": "light"}
    services.create_key(key, who="t")
    page = text_of(admin.get(f"{PATH}/light/delete/"))
    assert "API key: ci" in page
    admin.post(f"{PATH}/light/delete/", {"post": "yes"})
    assert RoutingProfile.objects.exists()
    ApiKey.objects.get().delete()
    services.save_profile(profile_document("b"), who="t")
    data = {"action": "delete_selected", "_selected_action": ["light", "b"], "post": "yes"}
    admin.post(f"{PATH}/", data)
    assert not RoutingProfile.objects.exists()
    assert Revision.objects.filter(action="delete").count() == 2
    assert not snapshot.refresh().profiles


def test_a_new_installation_says_what_to_do(admin: Client) -> None:
    page = text_of(admin.get(f"{PATH}/"))
    assert "There is no routing profile yet" in page
    services.save_profile(profile_document(), who="t")
    assert "There is no routing profile yet" not in text_of(admin.get(f"{PATH}/"))
    assert "There is no routing profile yet" not in text_of(admin.get(f"{PATH}/?q=zzz"))


def test_a_cache_and_a_shadow(admin: Client) -> None:
    """Typed, said aloud where it is shared, and taken away again."""
    cache = {"ttl": 60, "scope": "shared", "tools": True, "cadence": False}
    shadow = {"target": "fast/m-9", "percent": 12.5}
    document = profile_document(cache=cache, shadow=shadow)
    admin.post(f"{PATH}/add/", profile_form(document))
    assert (saved()["cache"], saved()["shadow"]) == (cache, shadow)
    page = text_of(admin.get(f"{PATH}/light/change/"))
    assert "what was answered to one caller is read by others" in page
    assert (
        "Answers are given again to every key for 60 s. A copy of 12.5 % goes to fast/m-9." in page
    )
    wrong = profile_form({**document, "cache": {"ttl": 0}, "shadow": {"target": "fast"}}, False)
    page = text_of(admin.post(f"{PATH}/light/change/", wrong))
    for words in (
        "ttl must be a number from 1 to 2,592,000.",
        "target must be a provider and a model with a slash between",
        "percent is required.",
    ):
        assert words in page
    admin.post(f"{PATH}/light/change/", profile_form(profile_document(), adding=False))
    assert (saved()["cache"], saved()["shadow"]) == (None, None)
    assert "Nobody: no answer is cached." in text_of(admin.get(f"{PATH}/light/change/"))
