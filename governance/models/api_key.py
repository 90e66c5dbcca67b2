from __future__ import annotations

from django.db.models import (
    PROTECT,
    BinaryField,
    BooleanField,
    CharField,
    DateTimeField,
    ForeignKey,
    JSONField,
    Model,
    PositiveBigIntegerField,
)
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy

from governance.errors import refuse
from governance.keys import public_id
from governance.models.choices import told
from governance.models.constraints import filled, one_of
from governance.models.group import Group
from governance.models.routing_profile import RoutingProfile
from governance.models.validators import LinesValidator, Words, line
from governance.routing.fallback_modes import CHOICES as FALLBACK_CHOICES
from governance.routing.key_restrictions import restriction_problems
from governance.routing.rules import LOCAL_FALLBACKS, confinement_problems, key_problems

SCOPES = ("inference", "governance:read", "governance:write", "keys")
PRIORITIES = ("high", "normal", "low")


def scopes() -> tuple[str, ...]:
    """What a key may be allowed to do."""
    return SCOPES


class ApiKey(Model):
    """What a caller may do. Of the key itself only its beginning and its digest are kept."""

    id = CharField(
        gettext_lazy("id"), primary_key=True, max_length=100, default=public_id, editable=False
    )
    name = CharField(gettext_lazy("name"), max_length=200, validators=[line])
    prefix = CharField(
        gettext_lazy("prefix"),
        max_length=20,
        editable=False,
        help_text=gettext_lazy("How the key begins."),
    )
    digest = BinaryField(gettext_lazy("digest"), max_length=32, unique=True, editable=False)
    scopes = JSONField(gettext_lazy("scopes"), default=list, validators=[Words(scopes)])
    # A key whose profile went away must not become a key for everything.
    routing_profile = ForeignKey(
        RoutingProfile,
        verbose_name=gettext_lazy("routing profile"),
        on_delete=PROTECT,
        null=True,
        blank=True,
        related_name="bound_keys",
        help_text=gettext_lazy(
            "Where requests with this key go, whatever model they name. It is a "
            "preference: a request that names another profile in its hint still goes "
            "there, unless the key is confined."
        ),
    )
    confined_to = JSONField(
        gettext_lazy("confined to"),
        default=list,
        blank=True,
        validators=[LinesValidator(100, 1_000)],
        help_text=gettext_lazy(
            "Ids of the only routing profiles this key may use; a hint or a model that "
            "leads elsewhere is refused. None listed means everywhere."
        ),
    )
    group = ForeignKey(
        Group,
        verbose_name=gettext_lazy("group"),
        on_delete=PROTECT,
        null=True,
        blank=True,
        related_name="keys",
        help_text=gettext_lazy("What the key uses counts for this group and those above it."),
    )
    owner = CharField(
        gettext_lazy("owner"),
        max_length=150,
        blank=True,
        validators=[line],
        help_text=gettext_lazy(
            "Name of the user whom the key belongs to; blank means nobody in particular."
        ),
    )
    priority = CharField(
        gettext_lazy("priority"),
        max_length=10,
        choices=[
            ("high", gettext_lazy("High")),
            ("normal", gettext_lazy("Normal")),
            ("low", gettext_lazy("Low")),
        ],
        default="normal",
        help_text=gettext_lazy("Place in the local engine's queue."),
    )
    local_fallback = CharField(
        gettext_lazy("local fallback"),
        max_length=20,
        choices=told(FALLBACK_CHOICES),
        default="default",
    )
    local_only = BooleanField(
        gettext_lazy("local only"),
        default=False,
        help_text=gettext_lazy("Nothing sent with this key may leave the machine."),
    )
    addresses = JSONField(
        gettext_lazy("addresses"),
        default=list,
        blank=True,
        validators=[LinesValidator(64, 100)],
        help_text=gettext_lazy(
            "Addresses and networks, as 10.0.0.0/8, that it may be used from. None listed "
            "means everywhere."
        ),
    )
    endpoints = JSONField(
        gettext_lazy("endpoints"),
        default=list,
        blank=True,
        validators=[LinesValidator(100, 50)],
        help_text=gettext_lazy(
            "Paths that it may be used on, as /v1/embeddings, with what lies below them. "
            "None listed means all."
        ),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    expires_at = DateTimeField(gettext_lazy("expiry"), null=True, blank=True)
    created_at = DateTimeField(gettext_lazy("created at"), auto_now_add=True)
    last_used_at = DateTimeField(
        gettext_lazy("last used at"), null=True, blank=True, editable=False
    )
    last_used_address = CharField(
        gettext_lazy("last used address"), max_length=64, blank=True, editable=False
    )
    last_used_client = CharField(
        gettext_lazy("last used client"), max_length=200, blank=True, editable=False
    )
    """What the caller called itself: `user-agent`."""
    previous_digest = BinaryField(
        gettext_lazy("previous digest"), max_length=32, null=True, editable=False
    )
    """Of the secret before it was rotated, which is good until `previous_until`."""
    previous_until = DateTimeField(
        gettext_lazy("old secret good until"), null=True, blank=True, editable=False
    )
    changed_in = PositiveBigIntegerField(
        gettext_lazy("changed in"), default=0, editable=False, db_index=True
    )
    """Version of the table that brought this state of the key."""

    class Meta:
        verbose_name_plural = gettext_lazy("API keys")
        ordering = (Lower("name"),)
        verbose_name = gettext_lazy("API key")
        constraints = [
            filled("key", "id"),
            filled("key", "name"),
            one_of("key", "priority", PRIORITIES),
            one_of("key", "local_fallback", LOCAL_FALLBACKS),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between fields."""
        confined = confinement_problems(self.routing_profile_id, self.confined_to)
        restricted = restriction_problems(self.addresses, self.endpoints)
        refuse(self, [*key_problems(vars(self)), *confined, *restricted])

    @property
    def state(self) -> str:
        """`active`, `disabled` or `expired`."""
        if not self.enabled:
            return "disabled"
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if expired else "active"
