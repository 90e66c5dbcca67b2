from __future__ import annotations

from django.db.models import (
    PROTECT,
    BooleanField,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    PositiveBigIntegerField,
    UniqueConstraint,
)
from django.utils.translation import gettext_lazy

from governance.models.group import Group
from governance.models.validators import Bounds, LinesValidator

DAYS = Bounds(1, 3_660)
COUNT = Bounds(1, 1_000)


class KeyAllowance(Model):
    """Who may make API keys of their own in a group, and what such keys may."""

    group = ForeignKey(
        Group,
        verbose_name=gettext_lazy("group"),
        on_delete=PROTECT,
        related_name="allowances",
        help_text=gettext_lazy("Their keys belong to it, and its limits bind them."),
    )
    members = JSONField(
        gettext_lazy("members"),
        default=list,
        blank=True,
        validators=[LinesValidator(150, 10_000)],
        help_text=gettext_lazy("Names of the users who may."),
    )
    profiles = JSONField(
        gettext_lazy("profiles"),
        default=list,
        blank=True,
        validators=[LinesValidator(100, 1_000)],
        help_text=gettext_lazy(
            "Ids of the only routing profiles their keys may use. None listed means everywhere."
        ),
    )
    days = IntegerField(
        gettext_lazy("days"),
        default=90,
        validators=[DAYS],
        help_text=gettext_lazy(
            "For how many days a key is good at most, and if its maker says nothing."
        ),
    )
    most_keys = IntegerField(
        gettext_lazy("keys at a time"),
        default=5,
        validators=[COUNT],
        help_text=gettext_lazy("How many each may have."),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)

    class Meta:
        verbose_name_plural = gettext_lazy("key allowances")
        ordering = ("pk",)
        verbose_name = gettext_lazy("key allowance")
        constraints = [
            UniqueConstraint(fields=("group",), name="key_allowance_once"),
            DAYS.constraint("key_allowance", "days"),
            COUNT.constraint("key_allowance", "most_keys"),
        ]

    def __str__(self) -> str:
        return f"Keys of {self.group}"
