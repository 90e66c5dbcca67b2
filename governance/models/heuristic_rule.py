from __future__ import annotations

from django.db.models import (
    BooleanField,
    CharField,
    JSONField,
    Model,
    PositiveBigIntegerField,
    PositiveIntegerField,
    QuerySet,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance.errors import refuse
from governance.models.constraints import filled, one_of
from governance.models.validators import Bounds, line
from governance.routing.condition_rules import conditions_problems
from governance.routing.rules import rule_problems

MATCHES = ("all", "any")


class HeuristicRule(Model):
    """Sends requests that name no model to a profile when its conditions hold."""

    name = CharField(gettext_lazy("name"), max_length=200, validators=[line])
    position = PositiveIntegerField(
        gettext_lazy("position"),
        default=0,
        db_index=True,
        validators=[Bounds(0, 1_000_000)],
        help_text=gettext_lazy("The first match wins."),
    )
    match = CharField(
        gettext_lazy("match"),
        max_length=3,
        choices=[
            ("all", gettext_lazy("All conditions hold")),
            ("any", gettext_lazy("Any condition holds")),
        ],
        default="all",
    )
    conditions = JSONField(gettext_lazy("conditions"), default=list, blank=True)
    profile = CharField(
        gettext_lazy("profile"),
        max_length=200,
        validators=[line],
        help_text=gettext_lazy(
            "Id, name or virtual provider of a routing profile; it need not exist yet."
        ),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)
    """Version of the table that brought this state of it."""

    class Meta:
        verbose_name = gettext_lazy("heuristic rule")
        verbose_name_plural = gettext_lazy("heuristic rules")
        ordering = ("position", "pk")
        constraints = [
            UniqueConstraint(Lower("name"), name="rule_name_unique"),
            filled("rule", "name"),
            filled("rule", "profile"),
            one_of("rule", "match", MATCHES),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between rows, and those within the conditions."""
        others = self.others().values_list("name", flat=True)
        found = rule_problems(vars(self), others=others)
        refuse(self, [*found, *conditions_problems(self.conditions)])

    def others(self) -> QuerySet[HeuristicRule]:
        """The other rules, in their order."""
        return HeuristicRule.objects.exclude(pk=self.pk)
