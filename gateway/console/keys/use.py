"""What a key used, from the ledger: exact however many rows the log has."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.interactions.usage_report import UsageQuestion, totals

DAYS: Final = 30


def use_of(identity: str) -> dict[str, Any]:
    """Requests, tokens and cost of the last days, in words."""
    now = timezone.now()
    begin = now - timedelta(days=DAYS)
    sums = totals(UsageQuestion(begin, now, only={"key": identity}))
    requests = sums["requests"] or 0
    cost = Decimal(sums["cost_usd"] or 0)
    unpriced = sums["unpriced"] or 0
    price = f"${cost:,.2f}" if cost or not unpriced else "—"
    if unpriced:
        price += " " + _("(%(count)s attempts have no known price)") % {"count": intcomma(unpriced)}
    told = [
        (_("Requests"), intcomma(requests)),
        (_("Failed attempts"), intcomma(sums["failed"] or 0)),
        (_("Prompt tokens"), intcomma(sums["input_tokens"] or 0)),
        (_("Answer tokens"), intcomma(sums["output_tokens"] or 0)),
        (_("Cost"), price),
    ]
    return {"requests": requests, "told": told}
