"""Alerts as documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from governance.models import AlertRule
from governance.routing.alert_rules import alert_problems, masked, webhook_problems
from governance.routing.fields import Problem
from governance.secrets import Unreadable
from governance.serializers.providers import MASK
from governance.serializers.strict import Reading, StrictSerializer


class WebhookUrlField(serializers.CharField):
    """Its path is never shown. Absent keeps it, and so does what is shown of it, sent back."""

    def read(self, reading: Reading) -> str:
        assert self.max_length is not None
        url = reading.text("webhook_url", self.max_length)
        if url and not url.endswith(MASK):
            reading.found += webhook_problems(url)
        return url

    def fill_from(self, row: AlertRule, document: Mapping[str, Any]) -> None:
        if "webhook_url" not in document:
            return
        url = document["webhook_url"] or ""
        if not url.endswith(MASK):
            row.set_webhook_url(url)
        elif url != self.show(row):
            # Another address than the one that is kept: nobody knows the rest of it.
            row.set_webhook_url("")

    def show(self, row: AlertRule) -> str:
        try:
            return masked(row.reveal_webhook_url(), MASK)
        except Unreadable:
            return ""


class WebhookSecretField(serializers.CharField):
    """Absent keeps it; blank and null clear it. It is never shown."""

    def read(self, reading: Reading) -> str:
        assert self.max_length is not None
        return reading.text("webhook_secret", self.max_length)

    def fill_from(self, row: AlertRule, document: Mapping[str, Any]) -> None:
        if "webhook_secret" in document:
            row.set_webhook_secret(document["webhook_secret"] or "")


def _rules(reading: Reading) -> Iterable[Problem]:
    values = {**reading.values, "emails": reading.document.get("emails")}
    return alert_problems(values, names=reading.beside.get("names", ()))


class AlertSerializer(StrictSerializer):
    """What operators want to be told of, and where."""

    noun = "An alert"
    placed = {"webhook_url": "least", "webhook_secret": "webhook_form"}
    rules = {"enabled": _rules}

    webhook_url = WebhookUrlField(
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=2_000,
        help_text=f"Where messages are sent; shown with `{MASK}` for its path. Sent back so, or "
        "left out, it stays.",
    )
    webhook_secret = WebhookSecretField(
        write_only=True,
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=500,
        help_text="Messages are signed with it. Never shown; left out it stays, blank clears it.",
    )
    has_webhook_secret = serializers.BooleanField(read_only=True)

    class Meta:
        model = AlertRule
        read_only_fields = ("id",)
