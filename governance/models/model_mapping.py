from __future__ import annotations

from django.db.models import BooleanField, CharField, IntegerField, Model, Q, UniqueConstraint
from django.db.models.functions import Lower

from governance import documents
from governance.errors import validation_error
from governance.models.constraints import between, filled, one_of
from governance.routing.fields import MAX_LENGTHS
from governance.routing.mappings import MATCHES
from governance.routing.target_rules import PRIORITY_RANGE
from governance.rules.mappings import mapping_problems


class ModelMapping(Model):
    """Turns a model name that clients hard-code into a profile or a provider's model."""

    pattern = CharField(max_length=MAX_LENGTHS["pattern"])
    match = CharField(
        max_length=10,
        choices=[("exact", "Exact"), ("prefix", "Prefix"), ("regex", "Regular expression")],
        default="exact",
    )
    destination = CharField(
        max_length=MAX_LENGTHS["destination"],
        help_text="A virtual model (light/large), a provider's model (openai/gpt-4o), or a "
        "profile's id, name or virtual provider.",
    )
    priority = IntegerField(default=0, help_text="Lower is tried first.")
    enabled = BooleanField(default=True)

    class Meta:
        ordering = ("priority", "pk")
        constraints = [
            UniqueConstraint(
                Lower("pattern"),
                "match",
                condition=~Q(match="regex"),
                name="mapping_pattern_unique",
            ),
            UniqueConstraint(
                fields=["pattern"], condition=Q(match="regex"), name="mapping_regex_unique"
            ),
            filled("mapping", "pattern"),
            filled("mapping", "destination"),
            one_of("mapping", "match", MATCHES),
            between("mapping", "priority", *PRIORITY_RANGE),
        ]

    def __str__(self) -> str:
        return self.pattern

    def clean(self) -> None:
        """The rules of `rules.mappings`, beside the other mappings."""
        found = mapping_problems(
            documents.model_mapping(self),
            others=ModelMapping.objects.exclude(pk=self.pk).values_list("match", "pattern"),
        )
        if found:
            raise validation_error(found, (field.name for field in self._meta.fields))
