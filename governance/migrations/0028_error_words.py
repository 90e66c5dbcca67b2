"""The index of requests with errors holds their words, so that a search reads no rows in vain."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0026_limit_changed_in")]

    operations = [
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
