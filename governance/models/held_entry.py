from __future__ import annotations

from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    Index,
    Model,
    TextField,
    UniqueConstraint,
)


class HeldEntry(Model):
    """A file or a batch that a provider holds, and the key that made it.

    All keys share the provider's credential, so its own lists hold everybody's. Keys and providers
    are noted by name, not by reference: what a provider holds outlives them.
    """

    id = BigAutoField(primary_key=True)
    key_id = CharField(max_length=100, blank=True)
    provider = CharField(max_length=100)
    shelf = CharField(max_length=20)
    """The request type that makes its like."""
    object_id = CharField(max_length=400)
    """As the provider gave it."""
    document = TextField(blank=True)
    """What the provider said of it; blank where nobody has asked yet."""
    created_at = DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            UniqueConstraint(fields=("key_id", "provider", "object_id"), name="held_entry_place")
        ]
        indexes = [Index(fields=["key_id", "shelf", "id"], name="held_entry_list")]

    def __str__(self) -> str:
        return f"{self.object_id} at {self.provider}"
