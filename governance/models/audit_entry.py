from __future__ import annotations

from typing import Any, Never

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import (
    CharField,
    DateTimeField,
    Index,
    JSONField,
    Model,
    PositiveBigIntegerField,
)
from django.utils import timezone
from django.utils.translation import gettext_lazy

from governance.models.choices import told

VIA = {
    "page": "Page",
    "api": "API",
    "command": "Command",
    "import": "Import",
}


class AuditEntry(Model):
    """What someone did to one thing, in words: who, from where, and what was before and after.

    Entries are appended and never change: neither this model nor the database lets one be updated
    or deleted (`governance.audit.append_only`). Things are noted by name, so that entries outlive
    them. No entry holds a secret.
    """

    at = DateTimeField(
        gettext_lazy("at"), default=timezone.now, help_text=gettext_lazy("When it was saved.")
    )
    actor = CharField(
        gettext_lazy("actor"),
        max_length=200,
        help_text=gettext_lazy("The person, key or command behind it."),
    )
    address = CharField(
        gettext_lazy("address"),
        max_length=64,
        blank=True,
        help_text=gettext_lazy("Where the request came from."),
    )
    via = CharField(
        gettext_lazy("via"),
        max_length=10,
        choices=told(VIA.items()),
        help_text=gettext_lazy("By which way."),
    )
    action = CharField(
        gettext_lazy("action"), max_length=20, help_text=gettext_lazy("What was done.")
    )
    object_type = CharField(
        gettext_lazy("type"), max_length=60, help_text=gettext_lazy("The kind of thing.")
    )
    object_id = CharField(
        gettext_lazy("id of the thing"),
        max_length=200,
        help_text=gettext_lazy("As the API names it."),
    )
    object_name = CharField(
        gettext_lazy("name"),
        max_length=300,
        blank=True,
        help_text=gettext_lazy("As it was called then."),
    )
    object_key = CharField(gettext_lazy("object key"), max_length=100, blank=True, editable=False)
    """The primary key, which stays when the thing is renamed."""
    revision = PositiveBigIntegerField(gettext_lazy("revision"), null=True, editable=False)
    """The revision it was part of; None for what makes none, and from before this was noted."""
    changes = JSONField(
        gettext_lazy("changes"),
        default=list,
        encoder=DjangoJSONEncoder,
        help_text=gettext_lazy("Before and after."),
    )

    class Meta:
        ordering = ("-id",)
        verbose_name = gettext_lazy("audit entry")
        verbose_name_plural = gettext_lazy("audit log")
        default_permissions = ("view",)
        indexes = [
            Index(fields=["-at"], name="audit_at"),
            Index(fields=["object_type", "object_id", "-id"], name="audit_object_id"),
            Index(fields=["object_type", "object_key", "-id"], name="audit_object_key"),
            Index(fields=["actor", "-id"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_name or self.object_id}"

    def save(self, *arguments: Any, **named: Any) -> None:
        """Appends. Raises `TypeError` for one that is there already."""
        if not self._state.adding:
            raise TypeError("Entries of the audit log never change.")
        super().save(*arguments, **named)

    def delete(self, *arguments: Any, **named: Any) -> Never:
        raise TypeError("Entries of the audit log are never deleted.")
