from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import (
    CharField,
    DateTimeField,
    JSONField,
    Model,
    PositiveBigIntegerField,
    TextField,
)


class Revision(Model):
    """One change of the configuration: who made it, when, and what it was.

    `changes` holds, for each thing changed, its kind, its name, the whole document before and
    after (None where there was none), and the names of secrets given anew. Any earlier state
    follows from the present one by taking changes back; documents hold no secrets.
    """

    version = PositiveBigIntegerField(primary_key=True)
    mark = CharField(max_length=32, editable=False)
    who = CharField(max_length=200)
    when = DateTimeField(auto_now_add=True, db_index=True)
    action = CharField(max_length=20)
    summary = TextField()
    changes = JSONField(default=list, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ("-version",)

    def __str__(self) -> str:
        return f"revision {self.version}"
