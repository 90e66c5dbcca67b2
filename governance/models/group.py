from __future__ import annotations

import secrets

from django.db.models import (
    PROTECT,
    CharField,
    ForeignKey,
    Model,
    PositiveBigIntegerField,
    QuerySet,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance.errors import refuse
from governance.models.constraints import filled
from governance.models.validators import line
from governance.routing.limit_rules import group_problems


def new_group_id() -> str:
    return f"grp-{secrets.token_hex(8)}"


class Group(Model):
    """Customers and their teams: levels of one tree that API keys belong to."""

    id = CharField(
        gettext_lazy("id"), primary_key=True, max_length=100, default=new_group_id, editable=False
    )
    name = CharField(
        gettext_lazy("name"),
        max_length=200,
        validators=[line],
        help_text=gettext_lazy("Unique, whatever its case."),
    )
    parent = ForeignKey(
        "self",
        verbose_name=gettext_lazy("parent"),
        on_delete=PROTECT,
        null=True,
        blank=True,
        related_name="children",
        help_text=gettext_lazy(
            "What its keys use counts for the group above too. A tree is at most 4 deep."
        ),
    )
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)

    class Meta:
        verbose_name_plural = gettext_lazy("key groups")
        ordering = (Lower("name"),)
        verbose_name = gettext_lazy("key group")
        constraints = [
            UniqueConstraint(Lower("name"), name="group_name_unique"),
            filled("group", "id"),
            filled("group", "name"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between groups."""
        refuse(self, group_problems(vars(self), others=self.others().values_list(*GROUP_COLUMNS)))

    def others(self) -> QuerySet[Group]:
        """The other groups."""
        return Group.objects.exclude(pk=self.pk)


GROUP_COLUMNS = ("id", "name", "parent_id")
