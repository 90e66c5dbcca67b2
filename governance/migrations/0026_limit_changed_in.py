from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0023_words")]

    operations = [
        migrations.AlterField(
            model_name="limit",
            name="changed_in",
            field=models.PositiveBigIntegerField(
                db_index=True, default=0, editable=False, verbose_name="changed in"
            ),
        ),
    ]
