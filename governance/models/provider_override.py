from __future__ import annotations

from django.db.models import (
    CASCADE,
    CharField,
    DateTimeField,
    ForeignKey,
    Index,
    Model,
    UniqueConstraint,
)
from django.utils.translation import gettext_lazy

from governance.models.choices import told
from governance.models.constraints import filled, one_of
from governance.models.provider import Provider
from governance.models.validators import line
from governance.routing.overrides import STATES


class ProviderOverride(Model):
    """What an operator decided about a provider, or one of its models, for a while.

    It lapses by itself; what is over stays until the next one takes its place.
    """

    provider = ForeignKey(
        Provider, verbose_name=gettext_lazy("provider"), on_delete=CASCADE, related_name="overrides"
    )
    model = CharField(
        gettext_lazy("model"),
        max_length=300,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("The only model it holds for; blank means all of the provider's."),
    )
    state = CharField(
        gettext_lazy("state"),
        max_length=10,
        choices=told(STATES.items()),
        help_text=gettext_lazy("What holds."),
    )
    until = DateTimeField(gettext_lazy("until"), help_text=gettext_lazy("When it ends by itself."))
    reason = CharField(
        gettext_lazy("reason"),
        max_length=300,
        validators=[line],
        help_text=gettext_lazy("Why, for other operators."),
    )
    who = CharField(gettext_lazy("who"), max_length=200, editable=False)
    since = DateTimeField(gettext_lazy("since"), editable=False)

    class Meta:
        verbose_name_plural = gettext_lazy("overrides")
        ordering = ("provider", "model")
        verbose_name = gettext_lazy("override")
        constraints = [
            UniqueConstraint(fields=["provider", "model"], name="override_place_unique"),
            one_of("override", "state", tuple(STATES)),
            filled("override", "reason"),
        ]
        indexes = [Index(fields=["until"], name="override_until")]

    def __str__(self) -> str:
        return f"{self.provider} / {self.model}" if self.model else str(self.provider)
