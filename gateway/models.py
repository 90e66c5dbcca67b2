"""Rights to what has no rows of its own: the pages of the operators' console."""

from __future__ import annotations

from django.db.models import Model


class Console(Model):  # noqa: DJ008  # never has an instance
    """No table stands behind it; it carries the permissions that groups and users are given."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("view_engine", "Can see the local engine"),
            ("operate_engine", "Can load and unload local models"),
            ("use_playground", "Can send requests from the playground"),
            ("read_content", "Can read what callers and models said, where it is kept"),
        ]
