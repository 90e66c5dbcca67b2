from __future__ import annotations

from typing import Final

from django.db.models import (
    BooleanField,
    CharField,
    DecimalField,
    FloatField,
    IntegerField,
    JSONField,
    Model,
    PositiveBigIntegerField,
)
from django.utils.translation import gettext_lazy

from governance import limits
from governance.errors import refuse
from governance.limits.limit import (
    EACH,
    ENFORCEMENTS,
    SUBJECTS,
    UNPRICED,
    WINDOWS,
)
from governance.models.choices import told
from governance.models.constraints import filled, one_of
from governance.models.validators import Bounds, NumbersValidator, line
from governance.routing.limit_rules import limit_problems

AMOUNT: Final = Bounds(0, 1_000_000_000_000)
WEIGHT: Final = Bounds(0, 1_000)
WEIGHTS: Final = ("weight_input", "weight_output", "weight_cached", "weight_reasoning")


def _weight(help_text: str) -> FloatField[float, float]:
    return FloatField(default=1.0, validators=[WEIGHT], help_text=help_text)


class Limit(Model):
    """How much of something a subject may use in a window of time."""

    name = CharField(
        gettext_lazy("name"),
        max_length=200,
        validators=[line],
        help_text=gettext_lazy(
            "What callers read when it refuses them, and operators in the record."
        ),
    )
    subject_type = CharField(
        gettext_lazy("subject type"),
        max_length=20,
        choices=told(SUBJECTS.items()),
        default="everything",
        help_text=gettext_lazy("Whose use is counted."),
    )
    subject_id = CharField(
        gettext_lazy("subject id"),
        max_length=100,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("Id of the key, group or profile, or name of the provider."),
    )
    each = CharField(
        gettext_lazy("each"),
        max_length=10,
        blank=True,
        choices=told(EACH.items()),
        help_text=gettext_lazy(
            "Blank: all share the amount. Otherwise each has the whole amount of its own."
        ),
    )
    provider = CharField(
        gettext_lazy("provider"),
        max_length=100,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("Counts only what is sent to this provider; blank means all."),
    )
    model = CharField(
        gettext_lazy("model"),
        max_length=300,
        blank=True,
        validators=[line],
        help_text=gettext_lazy(
            "Counts only models of this name; * stands for any text, blank for all."
        ),
    )
    measure = CharField(
        gettext_lazy("measure"),
        max_length=20,
        choices=limits.measures,
        help_text=gettext_lazy("What is counted."),
    )
    amount = DecimalField(
        gettext_lazy("amount"),
        max_digits=20,
        decimal_places=6,
        validators=[AMOUNT],
        help_text=gettext_lazy("How much is allowed: US dollars where cost is counted."),
    )
    window = CharField(
        gettext_lazy("window"),
        max_length=10,
        choices=told(WINDOWS.items()),
        default="month",
        help_text=gettext_lazy(
            "Seconds, minutes and hours slide; days and longer ones follow the calendar."
        ),
    )
    time_zone = CharField(
        gettext_lazy("time zone"),
        max_length=60,
        default="UTC",
        validators=[line],
        help_text=gettext_lazy("Where days begin, as in Europe/Berlin."),
    )
    window_day = IntegerField(
        gettext_lazy("window day"),
        default=1,
        validators=[Bounds(1, 28)],
        help_text=gettext_lazy(
            "First day of the window: of the week from 1 for Monday, or of the month."
        ),
    )
    window_hour = IntegerField(
        gettext_lazy("window hour"),
        default=0,
        validators=[Bounds(0, 23)],
        help_text=gettext_lazy("Hour at which the window begins."),
    )
    enforcement = CharField(
        gettext_lazy("enforcement"),
        max_length=10,
        choices=told(ENFORCEMENTS.items()),
        default="refuse",
        help_text=gettext_lazy("What happens beyond the amount."),
    )
    strict = BooleanField(
        gettext_lazy("strict"),
        default=False,
        help_text=gettext_lazy("Refuse where it is not known how much other processes have used."),
    )
    weight_input = _weight("Of a prompt token that was in no cache.")
    weight_output = _weight("Of a token of the answer.")
    weight_cached = _weight("Of a prompt token that was read from a cache.")
    weight_reasoning = _weight("Of a token spent on reasoning.")
    warn_at = JSONField(
        gettext_lazy("warn at"),
        default=list,
        blank=True,
        validators=[NumbersValidator(1, 100, 10)],
        help_text=gettext_lazy("Percent of the amount at which operators are warned."),
    )
    unpriced_mode = CharField(
        gettext_lazy("unpriced mode"),
        max_length=10,
        choices=told(UNPRICED.items()),
        default="free",
        help_text=gettext_lazy("What a model counts whose price is not known."),
    )
    unpriced_rate = DecimalField(
        gettext_lazy("unpriced rate"),
        max_digits=20,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[AMOUNT],
        help_text=gettext_lazy("US dollars for a million tokens."),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    changed_in = PositiveBigIntegerField(
        gettext_lazy("changed in"), default=0, editable=False, db_index=True
    )

    class Meta:
        verbose_name = gettext_lazy("limit")
        verbose_name_plural = gettext_lazy("limits")
        ordering = ("pk",)
        constraints = [
            filled("limit", "name"),
            one_of("limit", "subject_type", SUBJECTS),
            one_of("limit", "window", WINDOWS),
            one_of("limit", "enforcement", ENFORCEMENTS),
            one_of("limit", "unpriced_mode", UNPRICED),
            AMOUNT.constraint("limit", "amount"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between fields."""
        refuse(self, limit_problems(vars(self)))
