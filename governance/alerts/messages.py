"""What is sent of an alert: the body of a webhook in its three forms, its signature, an e-mail."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

BEGAN: Final = "began"
ENDED: Final = "ended"
TEST: Final = "test"
SIGNATURE: Final = "x-pointsman-signature"
DELIVERY: Final = "x-pointsman-delivery"


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """One message of one alert; times are ISO 8601 in UTC."""

    delivery: str
    """The same for every try, so that a receiver can tell what it has had before."""
    phase: str
    """`began`, `ended` or `test`."""
    rule_id: int
    rule: str
    condition: str
    title: str
    detail: str
    cause: str = ""
    value: float | None = None
    began_at: str | None = None
    ended_at: str | None = None

    @property
    def headline(self) -> str:
        return _("Over: %(title)s") % {"title": self.title} if self.phase == ENDED else self.title


def plain_body(message: AlertMessage) -> dict[str, Any]:
    """The form that is ours."""
    return {
        "id": message.delivery,
        "type": f"alert.{message.phase}",
        "alert": {"id": message.rule_id, "name": message.rule, "condition": message.condition},
        "title": message.headline,
        "detail": message.detail,
        "cause": message.cause,
        "value": message.value,
        "began_at": message.began_at,
        "ended_at": message.ended_at,
    }


def slack_body(message: AlertMessage) -> dict[str, Any]:
    """As Slack's incoming webhooks take it; `&`, `<` and `>` mean something there."""
    title, detail = _slack(message.headline), _slack(message.detail)
    sign = {BEGAN: ":rotating_light:", ENDED: ":white_check_mark:"}.get(message.phase, ":wave:")
    return {"text": f"{sign} *{title}*\n{detail}"}


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_body(message: AlertMessage) -> dict[str, Any]:
    """As the workflows of Microsoft Teams take it: a message with an adaptive card."""
    colour = {BEGAN: "Attention", ENDED: "Good"}.get(message.phase, "Default")
    lines: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": message.headline,
            "weight": "Bolder",
            "size": "Medium",
            "color": colour,
            "wrap": True,
        },
        {"type": "TextBlock", "text": message.detail, "wrap": True},
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": lines,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


FORMS: Final[Mapping[str, tuple[str, Callable[[AlertMessage], dict[str, Any]]]]] = {
    "json": ("JSON", plain_body),
    "slack": ("Slack", slack_body),
    "teams": ("Microsoft Teams", teams_body),
}
"""The forms of a webhook, with what operators choose from."""


def webhook(
    message: AlertMessage, form: str, secret: str, now: float
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers; signed where there is a secret. `now` is Unix time in seconds."""
    body = json.dumps(FORMS[form][1](message), ensure_ascii=False).encode()
    headers = {"content-type": "application/json", DELIVERY: message.delivery}
    if secret:
        headers[SIGNATURE] = signature(body, secret, now)
    return body, headers


def signature(body: bytes, secret: str, now: float) -> str:
    """`t=1893456000,v1=5f2c…`: HMAC-SHA-256 over the time, a dot and the body.

    The time is part of what is signed, so that a message that somebody kept is worth nothing
    later.
    """
    at = str(int(now))
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def mail_of(message: AlertMessage) -> tuple[str, str]:
    """Subject and text of an e-mail."""
    lines = [message.headline, "", message.detail, ""]
    named = {"rule": message.rule}
    lines.append(_('Sent by the alert "%(rule)s".') % named)
    if message.began_at:
        lines.append(_("Since: %(at)s") % {"at": message.began_at})
    if message.ended_at:
        lines.append(_("Over since: %(at)s") % {"at": message.ended_at})
    return f"[Pointsman] {message.headline}".replace("\n", " ")[:200], "\n".join(lines)
