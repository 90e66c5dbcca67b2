"""The pages of groups, limits and prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from governance import services
from governance.models import ApiKey, Group, Interaction, Limit, ModelPrice, UsageBucket
from governance.services import GROUPS, LIMITS, PRICES
from tests.gateway.console.sent import ROOT, text_of
from tests.governance.conftest import provider_document

LIMIT = {
    "name": "team",
    "subject": "everything:",
    "each": "",
    "measure": "cost",
    "amount": "10",
    "window": "month",
    "enforcement": "refuse",
    "time_zone": "UTC",
    "day": "1",
    "hour": "0",
    "warn_at": "80",
    "mode": "free",
    "input": "1",
    "output": "1",
    "cached": "1",
    "reasoning": "1",
    "enabled": "on",
}


def form(**changes: Any) -> dict[str, Any]:
    return {**LIMIT, **changes}


def test_it_works(admin: Client) -> None:
    admin.post(f"{ROOT}/group/add/", {"name": "Blue", "parent": ""})
    group = Group.objects.get()
    subject = f"group:{group.pk}"
    answer = admin.post(f"{ROOT}/limit/add/", form(subject=subject, time_zone="Europe/Berlin"))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    limit = Limit.objects.get()
    assert (limit.subject_id, limit.warn_at) == (group.pk, [80])
    assert limit.amount == 10
    page = admin.get(f"{ROOT}/limit/{limit.pk}/change/")
    shown = page.content.decode()
    assert f'value="{subject}"' in shown
    assert 'data-pick-label="Group: Blue"' in shown
    admin.post(f"{ROOT}/limit/{limit.pk}/change/", form(subject=subject, amount="12.5"))
    limit.refresh_from_db()
    assert limit.amount == 12.5
    price = {"model": "m-*", "input": "1", "output": "2.5", "valid_from_0": "2026-01-01"}
    answer = admin.post(f"{ROOT}/modelprice/add/", {**price, "valid_from_1": "00:00:00"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert ModelPrice.objects.get().output == 2.5
    assert "$2.5" in text_of(admin.get(f"{ROOT}/modelprice/"))


def test_whose_use_is_found_by_typing(admin: Client) -> None:
    """However many keys there are."""
    ApiKey.objects.bulk_create(
        ApiKey(id=f"k-{number}", name=f"user {number}", digest=b"%d" % number)
        for number in range(600)
    )

    def offered(words: str) -> list[tuple[str, str]]:
        answer = admin.get("/admin/pick/limit-subjects", {"q": words}).json()
        return [(one["value"], one["label"]) for one in answer["options"]]

    assert offered("user 599") == [("key:k-599", "API key: user 599")]
    assert ("everything:", "Everything") in offered("")
    answer = admin.post(f"{ROOT}/limit/add/", form(subject="key:k-599"))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    again = admin.post(f"{ROOT}/limit/add/", form(subject="planet:x"))
    assert "subject" in again.context["adminform"].form.errors


def test_a_broken_rule_stands_at_its_field(admin: Client) -> None:
    answer = admin.post(f"{ROOT}/limit/add/", form(amount="much", time_zone="Mars"))
    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["amount", "time_zone"]


def test_how_much_is_used_is_seen(admin: Client) -> None:
    subject = {"type": "everything"}
    document = {"name": "all", "subject": subject, "measure": "cost", "amount": 10}
    LIMITS.save({**document, "window": "month"}, who="t")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    UsageBucket.objects.create(start=now, provider="acme", cost_micro_usd=9_000_000)
    text = text_of(admin.get(f"{ROOT}/limit/"))
    assert "$9.00 of $10.00 used; counted afresh in" in text
    assert b'data-tone="warn"' in admin.get(f"{ROOT}/limit/").content


def test_a_group_that_is_used_stays(admin: Client) -> None:
    top = GROUPS.save({"name": "Top"}, who="t").document["id"]
    GROUPS.save({"name": "Below", "parent": top}, who="t")
    admin.post(f"{ROOT}/group/{top}/delete/", {"post": "yes"})
    assert Group.objects.count() == 2


@pytest.mark.parametrize("page", ["group", "limit", "modelprice"])
def test_an_empty_list_says_what_to_do(admin: Client, page: str) -> None:
    assert "There is no" in text_of(admin.get(f"{ROOT}/{page}/")) or page == "modelprice"


def test_a_stale_form_is_told_what_changed_meanwhile(admin: Client) -> None:
    admin.post(f"{ROOT}/limit/add/", form())
    limit = Limit.objects.get()
    page = f"{ROOT}/limit/{limit.pk}/change/"
    base = str(limit.changed_in)
    LIMITS.save({"amount": "20"}, who="bob", existing=limit.pk, partial=True)
    answer = admin.post(page, form(amount="30", _base=base))
    assert answer.status_code == 409
    assert "bob" in text_of(answer)
    assert Limit.objects.get().amount == 20
    seen = str(Limit.objects.get().changed_in)
    answer = admin.post(page, form(amount="30", _base=base, _seen=seen, _resolve="overwrite"))
    assert answer.status_code == 302
    assert Limit.objects.get().amount == 30
    history = text_of(admin.get(f"{ROOT}/limit/{limit.pk}/history/"))
    assert "amount 10 → 20" in history


def test_what_it_would_have_refused_last_week(admin: Client) -> None:
    page = admin.get(f"{ROOT}/limit/add/").content.decode()
    assert 'data-form="limit_form"' in page
    assert 'id="limit_form"' in page
    attempt = {"provider": "acme", "model": "m", "usage": {}, "cost_usd": 6.0}
    values = {"protocol": "openai", "outcome": "ok", "provider": "acme", "attempts": [attempt]}
    for minutes in (3, 2, 1):
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        Interaction.objects.create(time=at, key_id="key-1", **values)
    told = text_of(admin.post("/admin/limits/replay", form(window="total")))
    assert "would have refused 1 of 3 requests, of 1 key." in told
    assert "key-1" in told
    assert "Mend this first" in text_of(admin.post("/admin/limits/replay", form(amount="much")))
    assert not Limit.objects.exists()


def test_costs_are_worked_out_again_by_a_button(admin: Client) -> None:
    services.save_provider(provider_document("acme", base_url="http://10.0.0.1/v1"), who="t")
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    attempt = {"provider": "acme", "model": "m", "outcome": "ok", "code": "ok", "status": 200}
    Interaction.objects.create(
        time=datetime.now(UTC) - timedelta(hours=1),
        protocol="openai",
        outcome="ok",
        provider="acme",
        attempts=[{**attempt, "milliseconds": 1, "usage": usage}],
    )
    price = {"model": "m", "input": "3", "output": "1", "valid_from": "2020-01-01"}
    PRICES.save(price, who="t")
    page = f"{ROOT}/modelprice/recompute/"
    typed = {"begin": (datetime.now(UTC) - timedelta(days=2)).date().isoformat()}
    shown = admin.post(page, typed)
    assert "the costs of 1 would be others now: +3.000000 US dollars" in text_of(shown)
    assert Interaction.objects.get().cost_usd is None
    done = admin.post(page, {**typed, "apply": "1"}, follow=True)
    assert "are others now" in text_of(done)
    assert Interaction.objects.get().cost_usd == 3.0
    assert "It ends before it begins" in text_of(admin.post(page, {**typed, "end": "2020-01-01"}))
