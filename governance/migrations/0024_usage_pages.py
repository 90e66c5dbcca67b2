# What is counted beside tokens in the traffic ledger too, and indexes for owners and copies.

from django.db import migrations, models
from django.db.models import F, Q, Sum

UNITS = ("audio_milliseconds", "images", "characters")
PLACE = ("start", "provider", "model")


def fill(apps, editor):
    """From the usage ledger, which does not say how requests ended: those that were measured were
    answered."""
    alias = editor.connection.alias
    usage = apps.get_model("governance", "UsageBucket").objects.using(alias).order_by()
    traffic = apps.get_model("governance", "TrafficBucket").objects.using(alias)
    measured = usage.filter(Q(*((f"{name}__gt", 0) for name in UNITS), _connector=Q.OR))
    measured = measured.filter(shadow=False)
    for row in measured.values(*PLACE).annotate(**{f"sum_{name}": Sum(name) for name in UNITS}):
        place = {name: row[name] for name in PLACE}
        counts = {name: row[f"sum_{name}"] for name in UNITS}
        found = traffic.filter(**place, outcome="ok").order_by("-requests", "pk").first()
        if found is None:
            traffic.create(**place, outcome="ok", fallback="none", **counts)
            continue
        added = {name: F(name) + count for name, count in counts.items()}
        traffic.filter(pk=found.pk).update(**added)


class Migration(migrations.Migration):

    dependencies = [
        ("governance", "0014_cache_and_shadow"),
    ]

    operations = [
        *(
            migrations.SeparateDatabaseAndState(
                # Django would copy the whole table for it on SQLite.
                [
                    migrations.RunSQL(
                        f"ALTER TABLE governance_trafficbucket "
                        f"ADD COLUMN {name} bigint NOT NULL DEFAULT 0 CHECK ({name} >= 0)",
                        f"ALTER TABLE governance_trafficbucket DROP COLUMN {name}",
                    )
                ],
                [
                    migrations.AddField(
                        model_name="trafficbucket",
                        name=name,
                        field=models.PositiveBigIntegerField(default=0),
                    )
                ],
            )
            for name in UNITS
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                fields=["owner_id", "-time", "-id"],
                name="interaction_owner_id",
                condition=Q(("owner_id__gt", "")),
            ),
        ),
        migrations.AddIndex(
            model_name="usagebucket",
            index=models.Index(
                fields=["owner_id", "start"],
                name="usage_bucket_owner_id",
                condition=Q(("owner_id__gt", "")),
            ),
        ),
        migrations.AddIndex(
            model_name="usagebucket",
            index=models.Index(
                fields=["start"], name="usage_bucket_shadow", condition=Q(("shadow", True))
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
