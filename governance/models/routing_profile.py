from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

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

from governance import documents, strategies
from governance.errors import validation_error
from governance.models.constraints import filled, one_of
from governance.routing.fields import MAX_LENGTHS
from governance.routing.rules import LOCAL_FALLBACKS, problems

if TYPE_CHECKING:
    from governance.models.routing_target import RoutingTarget


def new_profile_id() -> str:
    """An id for a profile whose author gave none."""
    return f"rp-{secrets.token_hex(8)}"


class RoutingProfile(Model):
    """A virtual provider: a name callers use, and the targets behind it."""

    id = CharField(
        "id",
        primary_key=True,
        max_length=MAX_LENGTHS["id"],
        default=new_profile_id,
        help_text="How the API names the profile. It is made when left blank and never changes.",
    )
    name = CharField(max_length=MAX_LENGTHS["name"])
    description = TextField(blank=True, max_length=MAX_LENGTHS["description"])
    virtual_provider = CharField(
        max_length=MAX_LENGTHS["virtual_provider"],
        help_text="What callers put before the slash: “light” in “light/large”.",
    )
    virtual_key_id = CharField(
        "only for key",
        max_length=MAX_LENGTHS["virtual_key_id"],
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
        max_length=10,
        choices=[("default", "Local inference takes over"), ("never", "Never")],
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
        """The rules of `routing.rules`, with the targets of `draft` or else those saved."""
        from governance.models.provider import Provider

        targets = self.draft if self.draft is not None else self.ordered_targets()
        found = problems(
            documents.profile(self, targets),
            others=RoutingProfile.objects.exclude(pk=self.pk).values_list(
                "id", "name", "virtual_provider"
            ),
            providers=dict(Provider.objects.values_list("name", "is_local")),
        )
        if found:
            raise validation_error(found, (field.name for field in self._meta.fields))

    draft: Sequence[RoutingTarget] | None = None
    """Targets about to be saved with the profile."""

    def ordered_targets(self) -> list[RoutingTarget]:
        """The saved targets as the operator ordered them."""
        return (
            [] if self._state.adding else sorted(self.targets.all(), key=lambda one: one.position)
        )
