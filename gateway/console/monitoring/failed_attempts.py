"""Attempts that failed, by provider: also those whose request another target answered."""

from __future__ import annotations

from collections import Counter
from typing import Final

from django.db.models import Count, QuerySet

from governance.models import Interaction

NONE: Final = "cancelled"
"""The code of an attempt whose caller left, which is no failure."""


def failed_attempts(rows: QuerySet[Interaction]) -> Counter[str]:
    """How often each provider failed in these requests. One query, over those with errors."""
    said = rows.order_by().filter(errors__gt="").values_list("errors").annotate(Count("pk"))
    found: Counter[str] = Counter()
    for errors, requests in said:
        for word in errors.split():
            # `provider:code`; the error code of the whole request stands there by itself.
            provider, colon, code = word.partition(":")
            if colon and code != NONE:
                found[provider] += requests
    return found
