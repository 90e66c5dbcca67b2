from __future__ import annotations

from django.db.models import (
    BooleanField,
    CharField,
    JSONField,
    Model,
    PositiveIntegerField,
    UniqueConstraint,
)
from django.db.models.functions import Lower

from governance import documents
from governance.errors import validation_error
from governance.models.constraints import filled, one_of
from governance.routing.fields import MAX_LENGTHS
from governance.rules.heuristics import MATCHES, rule_problems


class HeuristicRule(Model):
    """Sends requests that name no model to a profile when its conditions hold."""

    name = CharField(max_length=MAX_LENGTHS["name"])
    position = PositiveIntegerField(default=0, db_index=True)
    conditions = JSONField(default=list, blank=True)
    match = CharField(
        max_length=3,
        choices=[("all", "All conditions hold"), ("any", "Any condition holds")],
        default="all",
    )
    profile = CharField(
        max_length=MAX_LENGTHS["profile"],
        help_text="Id, name or virtual provider of a routing profile; it need not exist yet.",
    )
    enabled = BooleanField(default=True)

    class Meta:
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
        """The rules of `rules.heuristics`, beside the other rules."""
        found = rule_problems(
            documents.heuristic_rule(self),
            others=HeuristicRule.objects.exclude(pk=self.pk).values_list("name", flat=True),
        )
        if found:
            raise validation_error(found, (field.name for field in self._meta.fields))
