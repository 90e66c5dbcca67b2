"""What the list of interactions can be narrowed by, in the API and in the admin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import django_filters
from django.db.models import Q

from governance.interactions.keyset import Rows
from governance.interactions.leading import narrowed
from governance.interactions.ledger import NO_ERROR
from governance.interactions.record import FALLBACKS, OUTCOMES
from governance.models import ApiKey, Group, Interaction, Provider, RoutingProfile

Columns = dict[str, Any]
"""Lookups of columns that the log and the ledgers share, by name."""


def profile_columns(value: str) -> Columns:
    """A profile by its id, or by its present name or virtual provider.

    Each of these ends in one equality, which an index answers in the order of the list.
    """
    named = RoutingProfile.objects.filter(Q(name__iexact=value) | Q(virtual_provider__iexact=value))
    by_id = RoutingProfile.objects.filter(pk=value).exists()
    found = None if by_id else named.values_list("pk", flat=True).first()
    return {"profile_id": found or value}


def provider_columns(value: str) -> Columns:
    """A provider by its name, whatever the case while it is configured."""
    found = Provider.objects.filter(name__iexact=value).values_list("name", flat=True).first()
    return {"provider": found or value}


def key_columns(value: str) -> Columns:
    """An API key by its public id, or every key of that name."""
    named = list(ApiKey.objects.filter(name__iexact=value).values_list("pk", flat=True))
    if len(named) > 1:
        return {"key_id__in": [str(one) for one in named]}
    return {"key_id": str(named[0]) if named else value}


def group_columns(value: str) -> Columns:
    """A group by its id or its name. Says what the index of requests of groups holds, or it would
    not be used; a request that is part of none has no id to be found by."""
    found = Group.objects.filter(name__iexact=value).values_list("pk", flat=True).first()
    return {"group_id": str(found or value), "group_id__gt": ""}


def owner_columns(value: str) -> Columns:
    """Whom keys belonged to, by the name people sign in with; as with groups."""
    return {"owner_id": value, "owner_id__gt": ""}


def session_columns(value: str) -> Columns:
    """A conversation or agent run."""
    return {"session": value, "session__gt": ""}


ANY_ERROR: Final = "any_error"
"""Stands for every outcome that is an error."""
ERRORS: Final = tuple(one for one in OUTCOMES if one not in NO_ERROR)

RESOLVED: Final[Mapping[str, Callable[[str], Columns]]] = {
    "profile": profile_columns,
    "provider": provider_columns,
    "key": key_columns,
    "group": group_columns,
    "owner": owner_columns,
    "session": session_columns,
    "model": lambda value: {"model": value},
    "requested_model": lambda value: {"requested_model": value},
    "outcome": lambda value: {"outcome": value} if value != ANY_ERROR else {"outcome__in": ERRORS},
    "fallback": lambda value: {"fallback": value},
    "id": lambda value: {"request_id": value},
}
"""What a filter of this name asks of which columns."""


def error_words(value: str) -> Q:
    """Words of the errors: `http_503`, `openai:connect_failed`. Each must be found."""
    words = value.split()
    # Says what the index of failed requests holds, or it would not be used.
    found = Q(errors__gt="") if words else Q()
    for word in words:
        found &= Q(errors__icontains=word)
    return found


class InteractionFilter(django_filters.FilterSet):
    to = django_filters.IsoDateTimeFilter("time", "lt", help_text="Only requests before this time.")
    profile = django_filters.CharFilter(
        help_text="Id, name or virtual provider of the routing profile."
    )
    provider = django_filters.CharFilter(help_text="The provider that was tried last.")
    key = django_filters.CharFilter(help_text="Id or name of the API key.")
    group = django_filters.CharFilter(help_text="Id or name of the key's group, as it was then.")
    owner = django_filters.CharFilter(
        help_text="Whom the key belonged to then, by the name of the account."
    )
    session = django_filters.CharFilter(help_text="The conversation or agent run it was part of.")
    model = django_filters.CharFilter(help_text="The model the provider was asked for.")
    requested_model = django_filters.CharFilter(help_text="The model the caller asked for.")
    outcome = django_filters.ChoiceFilter(choices=list(OUTCOMES.items()))
    fallback = django_filters.ChoiceFilter(choices=list(FALLBACKS.items()))
    error = django_filters.CharFilter(
        method="by_error",
        help_text="Words found in the errors of the request or of any of its attempts, as in "
        "`http_503` or `openai:connect_failed`.",
    )
    id = django_filters.CharFilter("request_id", help_text="The request id.")

    class Meta:
        model = Interaction
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: Rows) -> Rows:
        """All of what columns are asked for at once, so that the best of them leads."""
        given = {name: value for name, value in self.form.cleaned_data.items() if value}
        columns: Columns = {}
        for name in RESOLVED.keys() & given:
            columns |= RESOLVED[name](given.pop(name))
        rows = narrowed(queryset, columns)
        for name, value in given.items():
            rows = self.filters[name].filter(rows, value)
        return rows

    def by_error(self, rows: Rows, name: str, value: Any) -> Rows:
        return rows.filter(error_words(value))


# `from` is no name that a class body could assign.
InteractionFilter.base_filters["from"] = django_filters.IsoDateTimeFilter(
    "time", "gte", help_text="Only requests from this time on, as 2030-01-31T12:00:00Z."
)
