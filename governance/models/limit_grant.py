from __future__ import annotations

from django.db.models import (
    CASCADE,
    DateTimeField,
    DecimalField,
    ForeignKey,
    IntegerField,
    Model,
    PositiveBigIntegerField,
)
from django.utils.translation import gettext_lazy

from governance.models.limit import Limit
from governance.models.validators import Bounds

EXTRA = Bounds(0, 1_000_000_000_000, above=True)


class LimitGrant(Model):
    """An extra amount on top of a limit, from one of its windows on. It never changes."""

    limit = ForeignKey(
        Limit,
        verbose_name=gettext_lazy("limit"),
        on_delete=CASCADE,
        related_name="extra_amounts",
        help_text=gettext_lazy("Id of the limit it is added to."),
    )
    amount = DecimalField(
        gettext_lazy("amount"),
        max_digits=20,
        decimal_places=6,
        validators=[EXTRA],
        help_text=gettext_lazy("US dollars where the limit counts cost."),
    )
    starts_at = DateTimeField(
        gettext_lazy("start"),
        help_text=gettext_lazy("It holds from the window that this moment lies in."),
    )
    windows = IntegerField(
        gettext_lazy("windows"),
        default=1,
        validators=[Bounds(1, 1_000)],
        help_text=gettext_lazy("For how many windows it holds."),
    )
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)

    class Meta:
        verbose_name_plural = gettext_lazy("extra amounts")
        ordering = ("starts_at", "pk")
        verbose_name = gettext_lazy("extra amount")
        constraints = [EXTRA.constraint("limit_grant", "amount")]

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} more for {self.limit}"
