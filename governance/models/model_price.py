from __future__ import annotations

from typing import Any

from django.db.models import (
    CharField,
    DateTimeField,
    DecimalField,
    Model,
    PositiveBigIntegerField,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance.models.constraints import filled
from governance.models.validators import Bounds, line

DOLLARS = Bounds(0, 1_000_000)
RATES = ("input", "output", "cached_read", "cached_write", "reasoning", "request")


def _rate(help_text: str, **more: Any) -> DecimalField[Any, Any]:
    return DecimalField(
        max_digits=16, decimal_places=8, validators=[DOLLARS], help_text=help_text, **more
    )


def _other(help_text: str) -> DecimalField[Any, Any]:
    return _rate(help_text, null=True, blank=True)


class ModelPrice(Model):
    """What a provider's model costs from a date on. It counts before the public price list."""

    provider = CharField(
        gettext_lazy("provider"),
        max_length=100,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("Name of the provider; blank means every one."),
    )
    model = CharField(
        gettext_lazy("model"),
        max_length=300,
        validators=[line],
        help_text=gettext_lazy("What the provider is asked for; * stands for any text."),
    )
    input = _rate("US dollars for a million tokens of the prompt.")
    output = _rate("US dollars for a million tokens of the answer.")
    cached_read = _other("For prompt tokens read from a cache; blank: as other prompt tokens.")
    cached_write = _other("For prompt tokens written to a cache; blank: as other prompt tokens.")
    reasoning = _other("For tokens spent on reasoning; blank: as other tokens of the answer.")
    request = _other("US dollars for each request, beside its tokens.")
    valid_from = DateTimeField(
        gettext_lazy("valid from"),
        help_text=gettext_lazy("It holds for requests from this moment on."),
    )
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)

    class Meta:
        verbose_name = gettext_lazy("model price")
        verbose_name_plural = gettext_lazy("model prices")
        ordering = (Lower("provider"), Lower("model"), "-valid_from")
        constraints = [
            UniqueConstraint(
                Lower("provider"), Lower("model"), "valid_from", name="price_place_unique"
            ),
            filled("price", "model"),
            *(DOLLARS.constraint("price", name) for name in RATES),
        ]

    def __str__(self) -> str:
        return f"{self.provider or 'any provider'}/{self.model} from {self.valid_from:%Y-%m-%d}"
