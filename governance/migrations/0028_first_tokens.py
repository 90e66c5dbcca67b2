"""The index of times holds times to the first token: for a percentile no row has to be read."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0027_error_words")]

    operations = [
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                fields=["-time", "-id", "first_token_ms"], name="interaction_first_tokens"
            ),
        ),
        migrations.RemoveIndex(model_name="interaction", name="interaction_time"),
    ]
