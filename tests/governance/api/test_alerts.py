"""Alerts over REST: secrets stay in, and a test message shows whether anything arrives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from governance import services
from governance.models import AlertEvent, AlertRule, AuditEntry, Revision
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import provider_document
from tests.support.webhook_receiver import WebhookReceiver, webhook_receiver

SECRET = "hmac-canary-9f3"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as made:
        yield made


def document(**changes: Any) -> dict[str, Any]:
    return {"name": "failing", "condition": "provider_failing", **changes}


def test_it_works(api: Api) -> None:
    services.save_provider(provider_document(), who="t")
    url = "https://hooks.example.com/services/T1/path-canary-7d1?sig=x"
    made = api.post("/alerts", document(subject="FAST", webhook_url=url, webhook_secret=SECRET))
    assert made.status_code == 201, made.content
    alert = made.json()["alert"]
    shown = {
        "id": alert["id"],
        **document(subject="FAST"),
        "threshold": None,
        "minutes": None,
        "least": None,
        "webhook_url": "https://hooks.example.com/********",
        "webhook_form": "json",
        "emails": [],
        "enabled": True,
        "has_webhook_secret": True,
    }
    assert alert == shown
    again = api.put(f"/alerts/{alert['id']}", alert, headers={"If-Match": made["ETag"]})
    assert again.json()["alert"] == shown, "what is shown can be sent back"
    row = AlertRule.objects.get()
    assert (row.reveal_webhook_url(), row.reveal_webhook_secret()) == (url, SECRET)
    api.patch(f"/alerts/{alert['id']}", {"webhook_secret": "another"})
    assert "webhook secret set anew" in Revision.objects.latest("version").summary
    kept = str(list(Revision.objects.values_list("summary", "changes")))
    kept += str(list(AuditEntry.objects.values_list("changes")))
    assert "canary" not in kept
    assert api.get("/alerts?condition=provider_failing").json()["count"] == 1
    assert api.delete(f"/alerts/{alert['id']}").status_code == 204


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"condition": "weather"}, "condition"),
        ({"threshold": 0}, "threshold"),
        ({"minutes": 1.5}, "minutes"),
        ({"emails": ["ann"]}, "emails[0]"),
        ({"webhook_form": "xml"}, "webhook_form"),
        ({"webhook_url": "ftp://example.com/"}, "webhook_url"),
        ({"webhook_url": "http://169.254.169.254/latest"}, "webhook_url"),
        ({"webhook_url": "https://u:p@example.com/"}, "webhook_url"),
        ({"webhook_url": "https://hooks.example.com/********"}, "webhook_url"),
        ({"subject": "nobody"}, "subject"),
        ({"condition": "limit_reached", "subject": "x"}, "subject"),
        ({"name": "TAKEN"}, "name"),
    ],
)
def test_a_broken_rule_is_named_and_nothing_is_written(
    api: Api, changes: dict[str, Any], path: str
) -> None:
    services.ALERTS.save(document(name="taken"), who="t")
    answer = api.post("/alerts", document(**changes))
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [path]
    assert AlertRule.objects.count() == 1


def test_a_test_message(api: Api, receiver: WebhookReceiver) -> None:
    def post(**changes: Any) -> Any:
        url = {"webhook_url": f"{receiver.url}/x"}
        made = api.post("/alerts", document(**{**url, **changes})).json()["alert"]
        return api.post(f"/alerts/{made['id']}/test", {})

    assert post().json() == {"sent_by": ["webhook"]}
    assert receiver.documents[-1]["type"] == "alert.test"
    assert "x-pointsman-signature" not in receiver.headers[-1]
    assert post(name="s", webhook_form="slack").status_code == 200
    assert receiver.documents[-1]["text"].startswith(":wave: *This is a test of the alert")
    assert post(name="t", webhook_form="teams").status_code == 200
    card = receiver.documents[-1]["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    receiver.statuses = [500]
    failed = post(name="f")
    assert failed.status_code == 409
    assert error_of(failed)["message"] == "Webhook: It answered with the status 500."
    gone = post(name="g", webhook_url="http://127.0.0.1:9/")
    assert error_of(gone)["message"].startswith("Webhook: It could not be reached: connection")
    mail = post(name="m", webhook_url="", emails=["ann@example.com"])
    assert "POINTSMAN_EMAIL_HOST" in error_of(mail)["message"]
    nowhere = post(name="n", webhook_url="")
    assert (nowhere.status_code, error_of(nowhere)["code"]) == (400, "no_channel")
    assert not AlertEvent.objects.exists()
    assert AuditEntry.objects.filter(action="test", object_type="alert").count() == 6


def test_what_was_found(api: Api) -> None:
    identity = api.post("/alerts", document()).json()["alert"]["id"]
    values = {"rule_id": identity, "cause": "fast", "title": "It fails"}
    for period, ended in (("a", "2026-11-28T12:00:00Z"), ("b", None)):
        began = "2026-11-28T11:00:00Z"
        AlertEvent.objects.create(period=period, began_at=began, ended_at=ended, **values)
    found = api.get("/alerts/events").json()
    assert found["count"] == 2
    (lasting,) = api.get(f"/alerts/events?open=true&alert={identity}").json()["events"]
    assert (lasting["title"], lasting["ended_at"], lasting["deliveries"]) == ("It fails", None, [])
    assert api.get("/alerts/events?open=false").json()["count"] == 1
