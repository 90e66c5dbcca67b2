"""Sending a message of an alert: to a webhook by the product's own client, or as an e-mail."""

from __future__ import annotations

import smtplib
import time
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.mail import EmailMessage

from governance.alerts.messages import AlertMessage, mail_of, webhook
from governance.models import AlertRule
from governance.ports import DeliveryFailed
from governance.secrets import Unreadable
from inference.upstream import UpstreamError, exchange

CONNECT_SECONDS: Final = 5.0
PATIENCE: Final = 10.0
"""Seconds that one try may take."""
LARGEST: Final = 64 * 1024
"""Bytes of an answer, of which only the status is read."""


def send(channel: str, rule: AlertRule, message: AlertMessage) -> None:
    """Raises `DeliveryFailed`."""
    {"webhook": _to_webhook, "email": _by_mail}[channel](rule, message)


def _to_webhook(rule: AlertRule, message: AlertMessage) -> None:
    try:
        url, secret = rule.reveal_webhook_url(), rule.reveal_webhook_secret()
    except Unreadable:
        raise DeliveryFailed("Its address cannot be read any more: set it anew.") from None
    if not url:
        raise DeliveryFailed("It has no address: set one.")
    body, headers = webhook(message, rule.webhook_form, secret, time.time())
    parts = urlsplit(url)
    base = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    try:
        answer = exchange(
            base,
            "POST",
            path,
            headers={**headers, "user-agent": "pointsman"},
            body=body,
            connect_timeout=CONNECT_SECONDS,
            patience=PATIENCE,
            limit=LARGEST,
        )
    except TimeoutError:
        raise DeliveryFailed(f"It did not answer within {PATIENCE:g} seconds.") from None
    except UpstreamError as error:
        why = getattr(error, "cause", "") or "the connection failed"
        raise DeliveryFailed(f"It could not be reached: {why}.") from None
    except ValueError:
        raise DeliveryFailed("Its address is not valid: set it anew.") from None
    if not 200 <= answer.status_code < 300:
        raise DeliveryFailed(f"It answered with the status {answer.status_code}.")


def _by_mail(rule: AlertRule, message: AlertMessage) -> None:
    if not settings.EMAIL_CONFIGURED:
        raise DeliveryFailed("E-mail is not configured: see POINTSMAN_EMAIL_HOST.")
    subject, text = mail_of(message)
    mail = EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, list(rule.emails))
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryFailed(f"The mail server refused it: {type(error).__name__}.") from None
