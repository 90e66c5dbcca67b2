from __future__ import annotations

from django.db.models import (
    BooleanField,
    CharField,
    FloatField,
    IntegerField,
    JSONField,
    Model,
    PositiveBigIntegerField,
    QuerySet,
    TextField,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance import alerts, secrets
from governance.alerts.messages import FORMS
from governance.errors import refuse
from governance.models.constraints import filled, one_of
from governance.models.validators import Bounds, LinesValidator, line
from governance.routing.alert_rules import alert_problems

THRESHOLD = Bounds(0, 1_000_000, above=True)
MINUTES = Bounds(1, 7 * 24 * 60)
LEAST = Bounds(0, 1_000_000_000)


class AlertRule(Model):
    """What operators want to be told of, and where."""

    name = CharField(
        gettext_lazy("name"),
        max_length=200,
        validators=[line],
        help_text=gettext_lazy("Unique, whatever its case."),
    )
    condition = CharField(
        gettext_lazy("condition"),
        max_length=30,
        choices=alerts.condition_names,
        help_text=gettext_lazy("What is watched."),
    )
    threshold = FloatField(
        gettext_lazy("threshold"),
        null=True,
        blank=True,
        validators=[THRESHOLD],
        help_text=gettext_lazy(
            "Percent, or seconds where time is watched; blank: what is usual for it."
        ),
    )
    subject = CharField(
        gettext_lazy("only"),
        max_length=200,
        blank=True,
        validators=[line],
        help_text=gettext_lazy(
            "Id of the limit, group or profile, or name of the provider that alone is "
            "watched; blank means every one."
        ),
    )
    minutes = IntegerField(
        gettext_lazy("minutes"),
        null=True,
        blank=True,
        validators=[MINUTES],
        help_text=gettext_lazy("How far back is looked; blank: what is usual for it."),
    )
    least = FloatField(
        gettext_lazy("at least"),
        null=True,
        blank=True,
        validators=[LEAST],
        help_text=gettext_lazy(
            "Fewer requests than this, or US dollars where money is watched, say nothing."
        ),
    )
    webhook_form = CharField(
        gettext_lazy("webhook form"),
        max_length=10,
        choices=[(name, label) for name, (label, _) in FORMS.items()],
        default="json",
        help_text=gettext_lazy("In which form messages are sent there."),
    )
    emails = JSONField(
        gettext_lazy("e-mail to"),
        default=list,
        blank=True,
        validators=[LinesValidator(254, 20)],
        help_text=gettext_lazy("Addresses that get an e-mail, where e-mail is configured."),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    sealed_webhook_url = TextField(gettext_lazy("sealed webhook url"), blank=True, editable=False)
    """The path of such an address often is a secret."""
    sealed_webhook_secret = TextField(
        gettext_lazy("sealed webhook secret"), blank=True, editable=False
    )
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)

    class Meta:
        verbose_name_plural = gettext_lazy("alerts")
        ordering = (Lower("name"),)
        verbose_name = gettext_lazy("alert")
        constraints = [
            UniqueConstraint(Lower("name"), name="alert_name_unique"),
            filled("alert", "name"),
            one_of("alert", "webhook_form", FORMS),
            THRESHOLD.constraint("alert", "threshold"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between fields, and between alerts."""
        refuse(self, alert_problems(vars(self), names=self.other_names()))

    def other_names(self) -> QuerySet[AlertRule, str]:
        """Names of the other alerts."""
        return AlertRule.objects.exclude(pk=self.pk).values_list("name", flat=True)

    @property
    def channels(self) -> list[str]:
        """By which its messages go."""
        found = []
        if self.sealed_webhook_url:
            found.append("webhook")
        if self.emails:
            found.append("email")
        return found

    @property
    def has_webhook_secret(self) -> bool:
        return bool(self.sealed_webhook_secret)

    def reveal_webhook_url(self) -> str:
        """Where messages go, in clear. Raises `secrets.Unreadable`."""
        return secrets.decrypt(self.sealed_webhook_url)

    def reveal_webhook_secret(self) -> str:
        """Raises `secrets.Unreadable`."""
        return secrets.decrypt(self.sealed_webhook_secret)

    def set_webhook_url(self, url: str) -> None:
        self.sealed_webhook_url = secrets.encrypt(url)

    def set_webhook_secret(self, secret: str) -> None:
        self.sealed_webhook_secret = secrets.encrypt(secret)
