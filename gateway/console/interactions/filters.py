"""Narrowing the page of interactions. Choices come from what is configured, never from the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter, TextFilter

from governance.interactions import filters
from governance.interactions.keyset import Rows
from governance.models import ApiKey, Interaction, Provider, RoutingProfile

Choices = list[tuple[str, str]]

LISTED: Final = 200
"""Choices of one filter at most."""
PERIODS: Final = {
    "hour": ("Last hour", timedelta(hours=1)),
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
}


class _ValueFilter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    """One of a few values."""

    def has_output(self) -> bool:
        # Without choices too, or an address that names something gone would show everything.
        return True

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        value = self.value()
        return self.narrow(queryset, value) if value else queryset

    def narrow(self, rows: Rows, value: str) -> Rows:
        raise NotImplementedError


class OfPeriod(_ValueFilter):
    title = "period"
    parameter_name = "period"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(name, title) for name, (title, _) in PERIODS.items()]

    def narrow(self, rows: Rows, value: str) -> Rows:
        if value not in PERIODS:
            return rows
        return rows.filter(time__gte=timezone.now() - PERIODS[value][1])


class Between(RangeDateTimeFilter):  # type: ignore[misc]
    """Unfold's filter, with times in the zone of the page and a date alone allowed."""

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        for end, lookup in (("from", "gte"), ("to", "lt")):
            day = self.used_parameters.get(f"{self.parameter_name}_{end}_0")
            hour = self.used_parameters.get(f"{self.parameter_name}_{end}_1") or "00:00"
            moment = _moment(f"{day} {hour}") if day else None
            if moment is not None:
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": moment})
        return queryset


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    if found is None or found.tzinfo is not None:
        return found
    return timezone.make_aware(found)


class OfProfile(_ValueFilter):
    title = "routing profile"
    parameter_name = "profile"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        rows = RoutingProfile.objects.values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows[:LISTED]]

    def narrow(self, rows: Rows, value: str) -> Rows:
        return filters.of_profile(rows, value)


class OfProvider(_ValueFilter):
    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(name, name) for name in Provider.objects.values_list("name", flat=True)[:LISTED]]

    def narrow(self, rows: Rows, value: str) -> Rows:
        return filters.of_provider(rows, value)


class OfKey(_ValueFilter):
    title = "API key"
    parameter_name = "key"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        rows = ApiKey.objects.values_list("pk", "name")
        return [(str(pk), name) for pk, name in rows[:LISTED]]

    def narrow(self, rows: Rows, value: str) -> Rows:
        return filters.of_key(rows, value)


class OfModel(TextFilter):  # type: ignore[misc]
    title = "model, as the provider was asked for it"
    parameter_name = "model"

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        value = (self.value() or "").strip()
        return queryset.filter(model=value) if value else queryset


def search(rows: Rows, words: str) -> Rows:
    """By request id when there is one like that, else by the words of errors."""
    exact = rows.filter(request_id=words)
    if Interaction.objects.filter(request_id=words).exists():
        return exact
    return filters.with_error(rows, words)
