"""Keys, rules, mappings and revisions by hand."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from governance import keys, services, snapshot
from governance.models import ApiKey, HeuristicRule, ModelMapping, Revision
from tests.gateway.console.sent import ROOT, messages_of, text_of
from tests.governance.conftest import profile_document

KEYS, RULES, MAPPINGS, REVISIONS = (
    f"{ROOT}/{name}" for name in ("apikey", "heuristicrule", "modelmapping", "revision")
)


def key_form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "ci",
        "scopes": ["inference"],
        "priority": "low",
        "local_fallback": "default",
        "enabled": "on",
        "expires_at_0": "",
        "expires_at_1": "",
        **changes,
    }


def test_a_key_is_shown_once(admin: Client) -> None:
    services.save_profile(profile_document(), who="t")
    answer = admin.post(f"{KEYS}/add/", key_form(routing_profile="light"))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found = re.search(r'value="(pm-[^"]+)"', answer.content.decode())
    assert found is not None
    secret = found[1]
    virtual_key = snapshot.refresh().virtual_keys[keys.digest(secret)]
    assert (virtual_key.name, virtual_key.profile, virtual_key.priority) == ("ci", "light", "low")
    row = ApiKey.objects.get()
    for path in (f"{KEYS}/", f"{KEYS}/{row.pk}/change/", f"{REVISIONS}/2/change/"):
        assert secret.encode() not in admin.get(path).content
    assert not any(secret in str(cookie.value) for cookie in admin.cookies.values())


def test_a_key_is_changed_and_deleted(admin: Client) -> None:
    admin.post(f"{KEYS}/add/", key_form())
    row = ApiKey.objects.get()
    path = f"{KEYS}/{row.pk}"
    changes = {"expires_at_0": "2000-01-01", "expires_at_1": "12:00:00", "local_only": "on"}
    admin.post(f"{path}/change/", key_form(name="old", **changes))
    row.refresh_from_db()
    assert (row.name, row.state, row.local_only) == ("old", "expired", True)
    assert "expired" in text_of(admin.get(f"{KEYS}/"))
    admin.post(f"{path}/delete/", {"post": "yes"})
    assert not snapshot.refresh().virtual_keys


def test_a_key_needs_a_scope(admin: Client) -> None:
    answer = admin.post(f"{KEYS}/add/", key_form(scopes=[]))
    errors = answer.context["adminform"].form.errors
    assert list(errors["scopes"]) == ["An API key needs at least one scope."]


def rule_form(name: str, *conditions: tuple[str, str, str]) -> dict[str, Any]:
    columns = [list(column) for column in zip(*conditions, strict=True)] or [[], [], []]
    names = (f"conditions-{part}" for part in ("feature", "operator", "value"))
    plain = {"name": name, "profile": "light", "match": "any", "enabled": "on"}
    return {**plain, **dict(zip(names, columns, strict=True))}


def test_a_rule_is_made_of_rows(admin: Client) -> None:
    rows = [
        ("last_user_characters", ">", "2000"),
        ("last_user_text", "", "sql, python"),
        ("reasoning", "==", "false"),
        ("", "", ""),
    ]
    admin.post(f"{RULES}/add/", rule_form("long", *rows))
    row = HeuristicRule.objects.get()
    expected = [
        {"feature": "last_user_characters", "operator": ">", "value": 2000},
        {"feature": "last_user_text", "operator": "any", "value": ["sql", "python"]},
        {"feature": "reasoning", "operator": "==", "value": False},
    ]
    assert row.conditions == expected
    page = admin.get(f"{RULES}/{row.pk}/change/")
    assert 'value="sql, python"' in page.content.decode()
    admin.post(f"{RULES}/{row.pk}/change/", rule_form("long", *rows))
    assert Revision.objects.count() == 1


def test_a_broken_condition_is_told_with_what_was_typed(admin: Client) -> None:
    answer = admin.post(f"{RULES}/add/", rule_form("long", ("tools", "any", "many")))
    errors = answer.context["adminform"].form.errors
    assert set(errors) == {"conditions"}
    assert len(errors["conditions"]) == 2
    assert 'value="many"' in answer.content.decode()


def test_rules_are_dragged_into_order(admin: Client) -> None:
    for name in "abc":
        services.save_rule({"name": name, "profile": "light"}, who="t")
    ids = {row.name: row.pk for row in HeuristicRule.objects.all()}
    data = {"_save": "Save", "form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "3"}
    for place, (name, position) in enumerate(zip("abc", (2, 0, 1), strict=True)):
        data |= {f"form-{place}-id": str(ids[name]), f"form-{place}-position": str(position)}
    answer = admin.post(f"{RULES}/", data, follow=True)
    assert messages_of(answer) == ["The rules are tried in this order now."]
    assert [rule.name for rule in snapshot.refresh().rules] == ["b", "c", "a"]
    assert "sleeps: no such profile" in text_of(answer)
    services.save_profile(profile_document(), who="t")
    assert "sleeps" not in text_of(admin.get(f"{RULES}/"))
    admin.post(f"{RULES}/{ids['b']}/delete/", {"post": "yes"})
    assert [rule.name for rule in snapshot.refresh().rules] == ["c", "a"]


def test_a_mapping_by_hand(admin: Client) -> None:
    form = {"pattern": "gpt.*", "match": "regex", "destination": "light", "priority": "5"}
    admin.post(f"{MAPPINGS}/add/", {**form, "enabled": "on"})
    row = ModelMapping.objects.get()
    assert (row.priority, row.enabled) == (5, True)
    answer = admin.post(f"{MAPPINGS}/{row.pk}/change/", {**form, "pattern": "("})
    errors = answer.context["adminform"].form.errors
    assert list(errors["pattern"]) == ["Pattern is no regular expression: missing ): (."]
    admin.post(f"{MAPPINGS}/{row.pk}/delete/", {"post": "yes"})
    assert not snapshot.refresh().mappings


def test_revisions_are_read_and_gone_back_to(admin: Client) -> None:
    services.save_profile(profile_document(description="one"), who="ann")
    services.save_profile(profile_document(description="two <b>"), who="ben", existing="light")
    listing = text_of(admin.get(f"{REVISIONS}/"))
    assert "ben" in listing
    assert 'Changed routing profile "Light": description one → “two <b>”.' in listing
    page = admin.get(f"{REVISIONS}/2/change/")
    assert "+ &quot;description&quot;: &quot;two &lt;b&gt;&quot;," in re.sub(
        r"\+\s+", "+ ", page.content.decode()
    )
    plan = text_of(admin.get(f"{REVISIONS}/1/revert/"))
    assert 'Changed routing profile "Light": description “two <b>” → one.' in plan
    assert snapshot.refresh().profiles["light"].description == "two <b>"
    admin.post(f"{REVISIONS}/1/revert/")
    assert snapshot.refresh().profiles["light"].description == "one"
    assert "Nothing would change" in text_of(admin.get(f"{REVISIONS}/3/revert/"))
    answer = admin.get(f"{REVISIONS}/99/revert/", follow=True)
    assert messages_of(answer) == ["Nothing was changed. There is no revision 99."]


def test_revisions_are_compared(admin: Client) -> None:
    """Two that were ticked in the list, two that were typed, and one with the latest."""
    services.save_profile(profile_document(), who="ann")
    services.save_profile(profile_document(strategy="weighted"), who="ben", existing="light")
    services.save_profile(profile_document(description="<b>"), who="ben", existing="light")
    ticked = {"action": "compare_two", "_selected_action": ["3", "1"]}
    answer = admin.post(f"{REVISIONS}/", ticked)
    assert answer["Location"] == f"{REVISIONS}/compare/?from=1&to=3"
    page = admin.get(answer["Location"]).content.decode()
    assert "<li>description set to &lt;b&gt;</li>" in page
    assert "weighted" not in page
    assert "What changed since" in text_of(admin.get(f"{REVISIONS}/2/change/"))
    assert "What changed since" not in text_of(admin.get(f"{REVISIONS}/3/change/"))
    assert "is the same at both" in text_of(admin.get(f"{REVISIONS}/compare/"))
    assert "There is no revision 99." in text_of(admin.get(f"{REVISIONS}/compare/?from=99&to=1"))
    assert "Enter a whole number." in text_of(admin.get(f"{REVISIONS}/compare/?from=x&to=1"))
    few = admin.post(f"{REVISIONS}/", {**ticked, "_selected_action": ["3"]}, follow=True)
    assert messages_of(few) == ["Tick two revisions to compare them."]
