"""What the lists can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError

from governance.models import (
    AlertEvent,
    AlertRule,
    ApiKey,
    AuditEntry,
    Group,
    HeuristicRule,
    KeyAllowance,
    Limit,
    LimitGrant,
    ModelMapping,
    ModelPrice,
    Provider,
    Revision,
    RoutingProfile,
)


class _StrictBooleanField(forms.Field):
    """`true` or `false`; anything else is an error, not a filter that quietly does nothing."""

    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        known = {"true": True, "1": True, "false": False, "0": False}
        if str(value).lower() not in known:
            raise ValidationError("Must be true or false.", "invalid")
        return known[str(value).lower()]


class BooleanFilter(django_filters.Filter):
    field_class = _StrictBooleanField


class TextFilter(django_filters.CharFilter):
    """Equal whatever the case."""

    def __init__(self, field_name: str | None = None, **kwargs: Any) -> None:
        super().__init__(field_name, "iexact", **kwargs)


class ProfileFilter(django_filters.FilterSet):
    virtual_provider = TextFilter(help_text="The virtual provider, whatever its case.")
    name = TextFilter(help_text="The name, whatever its case.")
    enabled = BooleanFilter()
    provider = TextFilter(
        field_name="targets__provider",
        distinct=True,
        help_text="A provider that some target names.",
    )

    class Meta:
        model = RoutingProfile
        fields = ("virtual_provider", "name", "enabled", "strategy", "virtual_key_id")


class ProviderFilter(django_filters.FilterSet):
    name = TextFilter(help_text="The name, whatever its case.")
    enabled = BooleanFilter()
    is_local = BooleanFilter()
    is_default = BooleanFilter()

    class Meta:
        model = Provider
        fields = ("name", "kind", "enabled", "is_local", "is_default")


class KeyFilter(django_filters.FilterSet):
    name = TextFilter(help_text="The name, whatever its case.")
    enabled = BooleanFilter()
    routing_profile = django_filters.CharFilter(
        field_name="routing_profile_id", help_text="Id of the profile the key is bound to."
    )
    group = django_filters.CharFilter(
        field_name="group_id", help_text="Id of the group the key belongs to."
    )

    class Meta:
        model = ApiKey
        fields = ("name", "enabled", "priority", "owner")


class RuleFilter(django_filters.FilterSet):
    profile = TextFilter(help_text="The profile as the rule names it.")
    enabled = BooleanFilter()

    class Meta:
        model = HeuristicRule
        fields = ("profile", "enabled")


class MappingFilter(django_filters.FilterSet):
    pattern = TextFilter(help_text="The pattern, whatever its case.")
    destination = TextFilter(help_text="The destination, whatever its case.")
    enabled = BooleanFilter()

    class Meta:
        model = ModelMapping
        fields = ("pattern", "match", "destination", "enabled")


class AuditFilter(django_filters.FilterSet):
    actor = TextFilter(help_text="The person, key or command, whatever the case.")
    address = django_filters.CharFilter(help_text="Where the request came from.")
    via = TextFilter(help_text="page, api, command or import.")
    action = TextFilter(help_text="create, change, delete, revert, reorder, sign in and so on.")
    object_type = django_filters.CharFilter(
        method="by_type", help_text="The kind of thing: provider, routing profile, user and so on."
    )
    object_id = django_filters.CharFilter(help_text="The thing as the API names it.")
    since = django_filters.IsoDateTimeFilter("at", "gte", help_text="From this time on.")
    until = django_filters.IsoDateTimeFilter("at", "lt", help_text="Before this time.")

    class Meta:
        model = AuditEntry
        fields = ("actor", "address", "via", "action", "object_type", "object_id")

    def by_type(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(object_type__iexact=value.replace("_", " "))


class RevisionFilter(django_filters.FilterSet):
    who = TextFilter(help_text="Who made the change.")
    action = TextFilter(help_text="save, create, delete, import, reorder or revert.")
    since = django_filters.NumberFilter(
        field_name="version", lookup_expr="gt", help_text="Only versions after this one."
    )

    class Meta:
        model = Revision
        fields = ("who", "action")


class GroupFilter(django_filters.FilterSet):
    name = TextFilter(help_text="The name, whatever its case.")
    parent = django_filters.CharFilter(field_name="parent_id", help_text="Id of the group above.")

    class Meta:
        model = Group
        fields = ("name", "parent")


class LimitFilter(django_filters.FilterSet):
    name = TextFilter(help_text="The name, whatever its case.")
    subject_type = django_filters.CharFilter(help_text="key, group, profile, provider, everything.")
    subject_id = django_filters.CharFilter(help_text="Id or name of the subject.")
    enabled = BooleanFilter()

    class Meta:
        model = Limit
        fields = (
            *("name", "subject_type", "subject_id", "measure", "window", "enforcement", "enabled"),
            *("provider", "model"),
        )


class GrantFilter(django_filters.FilterSet):
    limit_id = django_filters.NumberFilter(field_name="limit_id", help_text="Id of the limit.")

    class Meta:
        model = LimitGrant
        fields = ("limit_id",)


class PriceFilter(django_filters.FilterSet):
    provider = TextFilter(help_text="The provider's name, whatever its case.")
    model = TextFilter(help_text="The model's name, whatever its case.")

    class Meta:
        model = ModelPrice
        fields = ("provider", "model")


class AlertFilter(django_filters.FilterSet):
    name = TextFilter(help_text="The name, whatever its case.")
    enabled = BooleanFilter()

    class Meta:
        model = AlertRule
        fields = ("name", "condition", "enabled")


class AlertEventFilter(django_filters.FilterSet):
    alert = django_filters.NumberFilter(field_name="rule_id", help_text="Id of the alert.")
    open = BooleanFilter(
        field_name="ended_at", lookup_expr="isnull", help_text="What lasts, or what is over."
    )

    class Meta:
        model = AlertEvent
        fields = ("alert", "open")


class KeyAllowanceFilter(django_filters.FilterSet):
    group = django_filters.CharFilter(field_name="group_id", help_text="Id of the group.")
    enabled = BooleanFilter()

    class Meta:
        model = KeyAllowance
        fields = ("group", "enabled")
