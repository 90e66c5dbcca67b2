"""Kinds and strategies come from their registries, and `mlx_lm.server` is a kind of its own."""

import governance.kinds
import governance.strategies
from django.db import migrations, models


def split(apps, schema_editor):
    """A provider of kind `mlx` with a base URL was an `mlx_lm.server`; it stays as local as it was."""
    apps.get_model("governance", "Provider").objects.filter(kind="mlx").exclude(
        base_url=""
    ).update(kind="mlx_server")


def join(apps, schema_editor):
    apps.get_model("governance", "Provider").objects.filter(kind="mlx_server").update(kind="mlx")


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0005_ledger"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="provider", name="provider_kind_known"),
        migrations.RemoveConstraint(model_name="provider", name="provider_base_url_filled"),
        migrations.RemoveConstraint(model_name="routingprofile", name="profile_strategy_known"),
        migrations.AlterField(
            model_name="provider",
            name="kind",
            field=models.CharField(choices=governance.kinds.choices, max_length=20),
        ),
        migrations.AlterField(
            model_name="provider",
            name="base_url",
            field=models.CharField(
                blank=True,
                help_text="Blank for the built-in engine, which has none.",
                max_length=500,
            ),
        ),
        migrations.AlterField(
            model_name="routingprofile",
            name="strategy",
            field=models.CharField(
                choices=governance.strategies.choices,
                default="ordered_failover",
                help_text="In which order targets are tried.",
                max_length=20,
            ),
        ),
        migrations.RunPython(split, join),
    ]
