"""What the list of interactions can be narrowed by, in the API and in the admin."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q

from governance.interactions.keyset import Rows
from governance.interactions.record import FALLBACKS, OUTCOMES
from governance.models import ApiKey, Interaction, Provider, RoutingProfile


def of_profile(rows: Rows, value: str) -> Rows:
    """A profile by its id, or by its present name or virtual provider.

    Each of these filters ends in one equality, which an index answers in the order of the list.
    """
    named = RoutingProfile.objects.filter(Q(name__iexact=value) | Q(virtual_provider__iexact=value))
    by_id = RoutingProfile.objects.filter(pk=value).exists()
    found = None if by_id else named.values_list("pk", flat=True).first()
    return rows.filter(profile_id=found or value)


def of_provider(rows: Rows, value: str) -> Rows:
    """A provider by its name, whatever the case while it is configured."""
    found = Provider.objects.filter(name__iexact=value).values_list("name", flat=True).first()
    return rows.filter(provider=found or value)


def of_key(rows: Rows, value: str) -> Rows:
    """An API key by its public id, or every key of that name."""
    named = list(ApiKey.objects.filter(name__iexact=value).values_list("pk", flat=True))
    if len(named) > 1:
        return rows.filter(key_id__in=named)
    return rows.filter(key_id=named[0] if named else value)


def with_error(rows: Rows, value: str) -> Rows:
    """Words of the errors: `http_503`, `openai:connect_failed`. Each must be found."""
    words = value.split()
    if words:
        # Says what the index of failed requests holds, or it would not be used.
        rows = rows.filter(errors__gt="")
    for word in words:
        rows = rows.filter(errors__icontains=word)
    return rows


class InteractionFilter(django_filters.FilterSet):
    to = django_filters.IsoDateTimeFilter("time", "lt", help_text="Only requests before this time.")
    profile = django_filters.CharFilter(
        method="by_profile", help_text="Id, name or virtual provider of the routing profile."
    )
    provider = django_filters.CharFilter(
        method="by_provider", help_text="The provider that was tried last."
    )
    key = django_filters.CharFilter(method="by_key", help_text="Id or name of the API key.")
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

    def by_profile(self, rows: Rows, name: str, value: Any) -> Rows:
        return of_profile(rows, value)

    def by_provider(self, rows: Rows, name: str, value: Any) -> Rows:
        return of_provider(rows, value)

    def by_key(self, rows: Rows, name: str, value: Any) -> Rows:
        return of_key(rows, value)

    def by_error(self, rows: Rows, name: str, value: Any) -> Rows:
        return with_error(rows, value)


# `from` is no name that a class body could assign.
InteractionFilter.base_filters["from"] = django_filters.IsoDateTimeFilter(
    "time", "gte", help_text="Only requests from this time on, as 2030-01-31T12:00:00Z."
)
