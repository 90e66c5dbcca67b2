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
from django.utils.translation import gettext, gettext_lazy


class Revision(Model):
    """One change of the configuration: who made it, when, and what it was.

    `changes` holds, for each thing changed, its kind, its name, the whole document before and
    after (None where there was none), and the names of secrets given anew. Any earlier state
    follows from the present one by taking changes back; documents hold no secrets.
    """

    version = PositiveBigIntegerField(gettext_lazy("version"), primary_key=True)
    mark = CharField(gettext_lazy("mark"), max_length=32, editable=False)
    who = CharField(gettext_lazy("who"), max_length=200)
    when = DateTimeField(gettext_lazy("when"), auto_now_add=True, db_index=True)
    action = CharField(gettext_lazy("action"), max_length=20)
    summary = TextField(
        gettext_lazy("summary"),
    )
    changes = JSONField(gettext_lazy("changes"), default=list, encoder=DjangoJSONEncoder)

    class Meta:
        verbose_name = gettext_lazy("revision")
        verbose_name_plural = gettext_lazy("revisions")
        ordering = ("-version",)

    def __str__(self) -> str:
        return gettext("revision %(version)d") % {"version": self.version}
