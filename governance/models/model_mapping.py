from __future__ import annotations

from django.db.models import (
    BooleanField,
    CharField,
    IntegerField,
    Model,
    PositiveBigIntegerField,
    Q,
    QuerySet,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance.errors import refuse
from governance.models.constraints import filled, one_of
from governance.models.validators import Bounds, line
from governance.regex import complaint
from governance.routing.mappings import MATCHES
from governance.routing.rules import mapping_problems
from governance.routing.target_rules import PRIORITY_RANGE

PRIORITY = Bounds(*PRIORITY_RANGE)


class ModelMapping(Model):
    """Turns a model name that clients hard-code into a profile or a provider's model."""

    pattern = CharField(
        gettext_lazy("pattern"),
        max_length=300,
        validators=[line],
        help_text=gettext_lazy(
            "A regular expression has RE2 syntax and must match the whole name."
        ),
    )
    match = CharField(
        gettext_lazy("match"),
        max_length=10,
        choices=[
            ("exact", gettext_lazy("Exact")),
            ("prefix", gettext_lazy("Prefix")),
            ("regex", gettext_lazy("Regular expression")),
        ],
        default="exact",
    )
    destination = CharField(
        gettext_lazy("destination"),
        max_length=300,
        validators=[line],
        help_text=gettext_lazy(
            "A virtual model (light/large), a provider's model (openai/gpt-4o), or a "
            "profile's id, name or virtual provider."
        ),
    )
    priority = IntegerField(
        gettext_lazy("priority"),
        default=0,
        validators=[PRIORITY],
        help_text=gettext_lazy("Lower is tried first."),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)
    """Version of the table that brought this state of it."""

    class Meta:
        verbose_name = gettext_lazy("model mapping")
        verbose_name_plural = gettext_lazy("model mappings")
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
            PRIORITY.constraint("mapping", "priority"),
        ]

    def __str__(self) -> str:
        return self.pattern

    def clean(self) -> None:
        """The rules between fields and rows."""
        others = self.others().values_list("match", "pattern")
        refuse(self, mapping_problems(vars(self), others=others, complaint=complaint))

    def others(self) -> QuerySet[ModelMapping]:
        """The other mappings."""
        return ModelMapping.objects.exclude(pk=self.pk)
