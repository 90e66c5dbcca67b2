"""The index of requests with errors holds their words, so that a search reads no rows in vain."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

LONGEST = 600
"""Characters, however many bytes each has: PostgreSQL takes 2,704 bytes in an index."""


def shorten(apps: Any, editor: Any) -> None:
    """Rows of earlier versions, whose words may be of more than one byte a character."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "UPDATE governance_interaction SET errors = left(errors, %s) "
            "WHERE errors > '' AND octet_length(errors) > 1000",
            (LONGEST,),
        )


class Migration(migrations.Migration):
    dependencies = [("governance", "0026_limit_changed_in")]

    operations = [
        migrations.RunPython(shorten, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                fields=["-time", "-id", "errors"],
                condition=models.Q(errors__gt=""),
                name="interaction_error_words",
            ),
        ),
        migrations.RemoveIndex(model_name="interaction", name="interaction_errors"),
    ]
