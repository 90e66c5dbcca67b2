from __future__ import annotations

from django.db.models import (
    CASCADE,
    BooleanField,
    CharField,
    CheckConstraint,
    FloatField,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    PositiveIntegerField,
    Q,
    UniqueConstraint,
)
from django.db.models.functions import Lower

from governance.models.constraints import between, filled
from governance.models.routing_profile import RoutingProfile
from governance.routing.fields import MAX_LENGTHS
from governance.routing.target_rules import MAX_WEIGHT, PRIORITY_RANGE

THRESHOLDS = (
    "request_percent_threshold",
    "token_percent_threshold",
    "budget_percent_threshold",
)


class RoutingTarget(Model):
    """One concrete place a profile may send a request to.

    The provider is a name, not a key: a target may name one that does not exist yet.
    """

    profile = ForeignKey(RoutingProfile, on_delete=CASCADE, related_name="targets")
    position = PositiveIntegerField(default=0)
    provider = CharField(max_length=MAX_LENGTHS["provider"], db_index=True)
    virtual_model = CharField(
        max_length=MAX_LENGTHS["virtual_model"],
        blank=True,
        help_text="The alias this target serves; blank or * serves all of them.",
    )
    model = CharField(
        max_length=MAX_LENGTHS["model"],
        blank=True,
        help_text="What the provider is asked for; blank passes on the name asked for.",
    )
    priority = IntegerField(default=0, help_text="Lower is tried first.")
    weight = FloatField(default=1.0, help_text="Share among weighted targets.")
    request_types = JSONField(default=list, blank=True)
    capabilities = JSONField(default=list, blank=True)
    enabled = BooleanField(default=True)
    request_percent_threshold = FloatField(null=True, blank=True)
    token_percent_threshold = FloatField(null=True, blank=True)
    budget_percent_threshold = FloatField(null=True, blank=True)

    class Meta:
        ordering = ("profile", "position")
        constraints = [
            UniqueConstraint(fields=["profile", "position"], name="target_position_unique"),
            UniqueConstraint(
                "profile",
                Lower("virtual_model"),
                condition=~Q(virtual_model__in=("", "*")),
                name="target_alias_unique",
            ),
            filled("target", "provider"),
            CheckConstraint(
                condition=Q(virtual_model="") | ~Q(model=""), name="target_model_filled"
            ),
            between("target", "priority", *PRIORITY_RANGE),
            between("target", "weight", 0, MAX_WEIGHT),
            *(between("target", field, 0, 100) for field in THRESHOLDS),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}" if self.model else self.provider
