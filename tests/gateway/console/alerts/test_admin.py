"""The page of alerts: what is typed, what was found, and the button that tries it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from governance.models import AlertEvent, AlertRule
from governance.services import LIMITS
from tests.gateway.console.sent import ROOT, text_of
from tests.support.webhook_receiver import webhook_receiver


def form(**changes: Any) -> dict[str, Any]:
    plain = {"name": "team", "condition": "limit_reached", "subject": "", "webhook_form": "json"}
    return {**plain, "enabled": "on", "emails": "", **changes}


def test_it_works(admin: Client) -> None:
    limit = LIMITS.save({"name": "l", "measure": "cost", "amount": 1}, who="t").document["id"]
    with webhook_receiver() as receiver:
        typed = form(subject=f"limit:{limit}", threshold="80", webhook_url=f"{receiver.url}/p")
        answer = admin.post(f"{ROOT}/alertrule/add/", typed)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        row = AlertRule.objects.get()
        assert (row.subject, row.threshold) == (str(limit), 80)
        page = admin.get(f"{ROOT}/alertrule/{row.pk}/change/").content.decode()
        assert f"{receiver.url}/********" in page
        assert "Nothing yet." in page
        typed["webhook_url"] = f"{receiver.url}/********"
        admin.post(f"{ROOT}/alertrule/{row.pk}/change/", {**typed, "webhook_secret": "s"})
        tried = admin.post(f"/admin/alerts/{row.pk}/test", follow=True)
        assert "A test message arrived by Webhook." in text_of(tried)
        assert "x-pointsman-signature" in receiver.headers[0]
    tried = admin.post(f"/admin/alerts/{row.pk}/test", follow=True)
    assert "It could not be reached" in text_of(tried)


def test_what_it_found_is_seen_here_and_on_the_dashboard(admin: Client) -> None:
    admin.post(f"{ROOT}/alertrule/add/", form())
    row = AlertRule.objects.get()
    values = {"rule": row, "period": "p", "title": "The limit is used up", "detail": "All of it."}
    AlertEvent.objects.create(cause="a", began_at="2026-11-28T11:00:00Z", **values)
    assert "The limit is used up" in text_of(admin.get(f"{ROOT}/alertrule/{row.pk}/change/"))
    assert "1 last" in text_of(admin.get(f"{ROOT}/alertrule/"))
    home = admin.get("/admin/")
    assert "The limit is used up" in text_of(home)
    assert f"alertrule/{row.pk}/change/" in home.content.decode()


def test_what_does_not_go_together_stands_at_its_field(admin: Client) -> None:
    answer = admin.post(f"{ROOT}/alertrule/add/", form(subject="provider:x", threshold="much"))
    assert list(answer.context["adminform"].form.errors) == ["subject"]
    answer = admin.post(f"{ROOT}/alertrule/add/", form(threshold="much", emails="ann"))
    assert list(answer.context["adminform"].form.errors) == ["threshold", "emails"]


def test_an_empty_list_says_what_to_do(admin: Client) -> None:
    assert "There is no alert yet" in text_of(admin.get(f"{ROOT}/alertrule/"))
