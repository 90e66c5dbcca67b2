"""Searching the log by anything the list shows: what words may stand for, each along an index."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Model, Q, QuerySet

from governance.interactions.filters import error_words, group_columns, session_columns
from governance.interactions.record import OUTCOMES
from governance.models import ApiKey, Group, Interaction, RoutingProfile, TrafficBucket

MOST: Final = 10
"""Names of one sort that words may stand for."""
LATEST: Final = 1_000
"""Requests whose model is looked at; callers may ask for any."""


def meanings(words: str) -> list[Q]:
    """Every set of requests the words may stand for; together they are what is found.

    A request id or a session that is known stands for itself alone.
    """
    for exact in (Q(request_id=words), Q(**session_columns(words))):
        if Interaction.objects.filter(exact).exists():
            return [exact]
    return [
        error_words(words),
        *(Q(key_id=str(one)) for one in _named(ApiKey, words)),
        *(Q(profile_id=one) for one in _named(RoutingProfile, words)),
        *(Q(**group_columns(str(one))) for one in _named(Group, words)),
        *_places(words),
        *(Q(requested_model=one) for one in _requested(words)),
        *(Q(outcome=one) for one, said in OUTCOMES.items() if said.casefold() == words.casefold()),
    ]


def _named(model: type[Model], words: str) -> QuerySet[Any, Any]:
    rows = model._default_manager.filter(name__icontains=words)
    return rows.order_by("name").values_list("pk", flat=True)[:MOST]


def _places(words: str) -> list[Q]:
    """Providers and models that ever answered or failed; `provider/model` as the list has it."""
    provider, slash, model = words.partition("/")
    both = [Q(provider=provider, model=model)] if slash else []
    buckets = TrafficBucket.objects.order_by()
    found = list(both)
    for column in ("provider", "model"):
        named = buckets.filter(**{f"{column}__icontains": words}).values_list(column, flat=True)
        found += [Q(**{column: one}) for one in named.distinct()[:MOST]]
    return found


def _requested(words: str) -> list[str]:
    """Models that callers asked for lately, and these very words."""
    latest = Interaction.objects.order_by("-time", "-id").values_list("requested_model", flat=True)
    part = words.casefold()
    found = {one for one in latest[:LATEST] if part in one.casefold()}
    return [words, *sorted(found - {words})[:MOST]]
