from __future__ import annotations

import json
from collections.abc import Mapping

from django.core.validators import RegexValidator
from django.db.models import (
    BooleanField,
    CharField,
    FloatField,
    IntegerField,
    JSONField,
    Model,
    PositiveBigIntegerField,
    Q,
    TextField,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance import kinds, secrets
from governance.errors import refuse
from governance.models.constraints import filled
from governance.models.routing_profile import RoutingProfile
from governance.models.routing_target import capabilities
from governance.models.validators import Bounds, LinesValidator, Words, line
from governance.routing.provider_rules import provider_problems

TIMEOUT = Bounds(0, 86_400.0, above=True)
"""Seconds; at most a day."""
CONCURRENCY = Bounds(1, 100_000)
TIMEOUTS = ("connect_timeout", "first_event_timeout", "idle_timeout", "total_timeout")


class Provider(Model):
    """A place that answers requests, with what is needed to get there."""

    name = CharField(
        gettext_lazy("name"),
        max_length=100,
        validators=[line, RegexValidator(r"^[A-Za-z0-9._-]+$")],
    )
    kind = CharField(gettext_lazy("kind"), max_length=20, choices=kinds.choices)
    base_url = CharField(
        gettext_lazy("base URL"),
        max_length=500,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("Blank for the built-in engine, which has none."),
    )
    is_local = BooleanField(
        gettext_lazy("local"),
        default=False,
        help_text=gettext_lazy(
            "What is sent there stays within your walls, so it is used while cloud "
            "routing is off too."
        ),
    )
    default_model = CharField(
        gettext_lazy("default model"),
        max_length=300,
        blank=True,
        validators=[line],
        help_text=gettext_lazy("Asked for when neither target nor request names a model."),
    )
    models = JSONField(
        gettext_lazy("models"),
        default=list,
        blank=True,
        validators=[LinesValidator(300, 2_000)],
        help_text=gettext_lazy("Models known to be there."),
    )
    responses_models = JSONField(
        gettext_lazy("models with Responses API"),
        default=list,
        blank=True,
        validators=[LinesValidator(300, 200)],
        help_text=gettext_lazy(
            "Models that are asked by OpenAI's Responses API where that is of use. “*” "
            "stands for any characters, “!” before a name for one that is not. None "
            "listed: all of api.openai.com, none elsewhere."
        ),
    )
    capabilities = JSONField(
        gettext_lazy("capabilities"),
        default=list,
        blank=True,
        validators=[Words(capabilities)],
        help_text=gettext_lazy("Modalities and features its models take; none listed means all."),
    )
    model_facts = JSONField(
        gettext_lazy("facts of models"),
        default=list,
        blank=True,
        help_text=gettext_lazy(
            "What is known of its models: context length, longest answer, capabilities. "
            "`model` is a name or, with * behind it, the beginning of one."
        ),
    )
    connect_timeout = FloatField(
        gettext_lazy("connect timeout"),
        default=10.0,
        validators=[TIMEOUT],
        help_text=gettext_lazy("Seconds."),
    )
    first_event_timeout = FloatField(
        gettext_lazy("first event timeout"),
        default=120.0,
        validators=[TIMEOUT],
        help_text=gettext_lazy(
            "Seconds until the first piece; of a whole answer, until it starts arriving."
        ),
    )
    idle_timeout = FloatField(
        gettext_lazy("idle timeout"),
        default=60.0,
        validators=[TIMEOUT],
        help_text=gettext_lazy(
            "Seconds between two pieces of the answer. Left out: 30 for kinds that send "
            "signs of life, else 60."
        ),
    )
    total_timeout = FloatField(
        gettext_lazy("total timeout"),
        default=600.0,
        null=True,
        blank=True,
        validators=[TIMEOUT],
        help_text=gettext_lazy("Seconds; blank means no limit."),
    )
    max_concurrency = IntegerField(
        gettext_lazy("max concurrency"),
        null=True,
        blank=True,
        validators=[CONCURRENCY],
        help_text=gettext_lazy("Requests at a time; blank means no limit."),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    is_default = BooleanField(
        gettext_lazy("default"),
        default=False,
        help_text=gettext_lazy(
            "Takes requests that name no model and match no rule. There is one such "
            "provider: marking this one unmarks the other."
        ),
    )
    sealed_api_key = TextField(gettext_lazy("sealed api key"), blank=True, editable=False)
    sealed_headers = TextField(gettext_lazy("sealed headers"), blank=True, editable=False)
    """A JSON object of header names and values; values often are secrets."""
    changed_in = PositiveBigIntegerField(gettext_lazy("changed in"), default=0, editable=False)
    """Version of the table that brought this state of it."""

    class Meta:
        verbose_name = gettext_lazy("provider")
        verbose_name_plural = gettext_lazy("providers")
        ordering = ("name",)
        permissions = [
            ("set_credentials", "Can set credentials of providers and move them elsewhere")
        ]
        constraints = [
            UniqueConstraint(Lower("name"), name="provider_name_unique"),
            UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="provider_one_default"
            ),
            filled("provider", "name"),
            *(TIMEOUT.constraint("provider", field) for field in TIMEOUTS),
            CONCURRENCY.constraint("provider", "max_concurrency"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between fields, beside the other providers and the profiles."""
        found = provider_problems(
            vars(self),
            others=Provider.objects.exclude(pk=self.pk).values_list("name", flat=True),
            virtual_providers=RoutingProfile.objects.values_list("virtual_provider", flat=True),
        )
        refuse(self, found)

    @property
    def credential(self) -> str:
        """`none`, `set`, or `unreadable` when no key of the ring opens it."""
        if not self.sealed_api_key and not self.sealed_headers:
            return "none"
        whole = secrets.readable(self.sealed_api_key) and secrets.readable(self.sealed_headers)
        return "set" if whole else "unreadable"

    @property
    def has_api_key(self) -> bool:
        return bool(self.sealed_api_key)

    def reveal_api_key(self) -> str:
        """The credential in clear. Raises `secrets.Unreadable`."""
        return secrets.decrypt(self.sealed_api_key)

    def set_api_key(self, api_key: str) -> None:
        self.sealed_api_key = secrets.encrypt(api_key)

    def reveal_headers(self) -> dict[str, str]:
        """Headers sent along, in clear. Raises `secrets.Unreadable`."""
        found: dict[str, str] = json.loads(secrets.decrypt(self.sealed_headers) or "{}")
        return found

    def set_extra_headers(self, headers: Mapping[str, str]) -> None:
        self.sealed_headers = secrets.encrypt(json.dumps(dict(headers))) if headers else ""

    def header_names(self) -> list[str]:
        """Names of the extra headers; empty when they cannot be read."""
        try:
            return list(self.reveal_headers())
        except secrets.Unreadable:
            return []
