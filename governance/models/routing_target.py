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
from django.utils.translation import gettext_lazy

from governance import ports
from governance.models.constraints import filled
from governance.models.validators import Bounds, Words, line
from governance.routing.target_rules import CAPABILITIES, MAX_WEIGHT, PRIORITY_RANGE

PRIORITY = Bounds(*PRIORITY_RANGE)
WEIGHT = Bounds(0, MAX_WEIGHT)
PERCENT = Bounds(0, 100)
HEDGE_AFTER = Bounds(0, 3600)
"""Seconds."""

THRESHOLDS = (
    "request_percent_threshold",
    "token_percent_threshold",
    "budget_percent_threshold",
)


def request_types() -> tuple[str, ...]:
    """What a request may ask for."""
    return ports.request_types()


def capabilities() -> tuple[str, ...]:
    """What a model may be able to take."""
    return CAPABILITIES


class RoutingTarget(Model):
    """One concrete place a profile may send a request to.

    The provider is a name, not a key: a target may name one that does not exist yet.
    """

    profile = ForeignKey(
        "governance.RoutingProfile",
        verbose_name=gettext_lazy("profile"),
        on_delete=CASCADE,
        related_name="targets",
    )
    position = PositiveIntegerField(gettext_lazy("position"), default=0)
    provider = CharField(
        gettext_lazy("provider"),
        max_length=100,
        db_index=True,
        validators=[line],
        help_text=gettext_lazy("Name of a provider; it need not exist yet."),
    )
    virtual_model = CharField(
        gettext_lazy("virtual model"),
        max_length=200,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("The alias this target serves; blank or * serves all of them."),
    )
    model = CharField(
        gettext_lazy("model"),
        max_length=300,
        blank=True,
        validators=[line],
        help_text=gettext_lazy(
            "What the provider is asked for; blank passes on the name asked for."
        ),
    )
    priority = IntegerField(
        gettext_lazy("priority"),
        default=0,
        validators=[PRIORITY],
        help_text=gettext_lazy("Lower is tried first."),
    )
    weight = FloatField(
        gettext_lazy("weight"),
        default=1.0,
        validators=[WEIGHT],
        help_text=gettext_lazy("Share among weighted targets."),
    )
    request_types = JSONField(
        gettext_lazy("request types"),
        default=list,
        blank=True,
        validators=[Words(request_types)],
        help_text=gettext_lazy("Request types it serves; none listed means all."),
    )
    capabilities = JSONField(
        gettext_lazy("capabilities"),
        default=list,
        blank=True,
        validators=[Words(capabilities)],
        help_text=gettext_lazy("What it can take; none listed means everything."),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    hedge_after = FloatField(
        gettext_lazy("start the next target after"),
        null=True,
        blank=True,
        validators=[HEDGE_AFTER],
        help_text=gettext_lazy(
            "Seconds without a first token of this target after which the next one is "
            "asked too. Blank: as the profile says. 0: never."
        ),
    )
    request_percent_threshold = FloatField(
        gettext_lazy("request percent threshold"), null=True, blank=True, validators=[PERCENT]
    )
    token_percent_threshold = FloatField(
        gettext_lazy("token percent threshold"), null=True, blank=True, validators=[PERCENT]
    )
    budget_percent_threshold = FloatField(
        gettext_lazy("budget percent threshold"), null=True, blank=True, validators=[PERCENT]
    )

    class Meta:
        verbose_name = gettext_lazy("routing target")
        verbose_name_plural = gettext_lazy("routing targets")
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
            PRIORITY.constraint("target", "priority"),
            WEIGHT.constraint("target", "weight"),
            HEDGE_AFTER.constraint("target", "hedge_after"),
            *(PERCENT.constraint("target", field) for field in THRESHOLDS),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}" if self.model else self.provider
