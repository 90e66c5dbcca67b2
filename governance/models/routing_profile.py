from __future__ import annotations

import secrets

from django.apps import apps
from django.db.models import (
    BooleanField,
    CharField,
    CheckConstraint,
    DateTimeField,
    Model,
    PositiveBigIntegerField,
    Q,
    TextField,
    UniqueConstraint,
)
from django.db.models.functions import Lower

from governance import strategies
from governance.errors import refuse
from governance.models.constraints import filled, one_of
from governance.models.routing_target import RoutingTarget
from governance.models.validators import line, prose
from governance.routing.fallback_modes import CHOICES as FALLBACK_CHOICES
from governance.routing.rules import LOCAL_FALLBACKS, profile_problems


def new_profile_id() -> str:
    """An id for a profile whose author gave none."""
    return f"rp-{secrets.token_hex(8)}"


class RoutingProfile(Model):
    """A virtual provider: a name callers use, and the targets behind it."""

    id = CharField(
        "id",
        primary_key=True,
        max_length=100,
        default=new_profile_id,
        validators=[line],
        help_text="How the API names the profile. It is made when left blank and never changes.",
    )
    name = CharField(max_length=200, validators=[line], help_text="Unique, whatever its case.")
    description = TextField(blank=True, max_length=10_000, validators=[prose])
    virtual_provider = CharField(
        max_length=100,
        validators=[line],
        help_text="What callers put before the slash: “light” in “light/large”.",
    )
    virtual_key_id = CharField(
        "virtual key",
        max_length=100,
        validators=[line],
        blank=True,
        help_text="Id of the only API key that may use this profile; blank means every key.",
    )
    enabled = BooleanField(default=True)
    strategy = CharField(
        max_length=20,
        choices=strategies.choices,
        default=strategies.DEFAULT,
        help_text="In which order targets are tried.",
    )
    local_fallback = CharField(
        max_length=20,
        choices=FALLBACK_CHOICES,
        default="default",
        help_text="What happens when no target answers.",
    )
    local_only = BooleanField(
        default=False, help_text="Nothing this profile does may leave the machine."
    )
    created_at = DateTimeField(auto_now_add=True)
    updated_at = DateTimeField(auto_now=True)
    changed_in = PositiveBigIntegerField(default=0, editable=False, db_index=True)
    """Version of the table that brought this state of the profile and its targets."""

    class Meta:
        ordering = (Lower("name"),)
        constraints = [
            UniqueConstraint(Lower("name"), name="profile_name_unique"),
            UniqueConstraint(Lower("virtual_provider"), name="profile_virtual_provider_unique"),
            filled("profile", "id"),
            filled("profile", "name"),
            filled("profile", "virtual_provider"),
            CheckConstraint(
                condition=~Q(virtual_provider__contains="/"), name="profile_virtual_provider_slash"
            ),
            one_of("profile", "local_fallback", LOCAL_FALLBACKS),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between fields and rows, with the targets of `draft` or else those saved."""
        providers = apps.get_model("governance", "Provider").objects
        others = RoutingProfile.objects.exclude(pk=self.pk)
        found = profile_problems(
            {**vars(self), "targets": [vars(one) for one in self.ordered_targets()]},
            others=others.values_list("id", "name", "virtual_provider"),
            providers=dict(providers.values_list("name", "is_local")),
        )
        refuse(self, found)

    draft: list[RoutingTarget] | None = None
    """Targets about to be saved with the profile."""

    def ordered_targets(self) -> list[RoutingTarget]:
        """The targets as the operator ordered them: the draft's, or else those saved."""
        if self.draft is not None:
            return self.draft
        if self._state.adding:
            return []
        return sorted(self.targets.all(), key=lambda one: one.position)
