# The usage ledger by day, what is counted beside tokens in the traffic ledger too, and indexes for
# owners and copies.

from datetime import datetime

from django.db import migrations, models
from django.db.models import CharField, F, Max, Q, Sum
from django.db.models.functions import Cast, Substr

UNITS = ("audio_milliseconds", "images", "characters")
PLACE = ("start", "provider", "model")
COUNTS = (
    *("requests", "errors", "attempts", "failed"),
    *("prompt_tokens", "completion_tokens", "cached_tokens", "cache_written_tokens"),
    *("reasoning_tokens", *UNITS, "unpriced", "cost_micro_usd"),
)
DIMENSIONS = ("key", "group", "owner", "profile")


def fill_days(apps, editor):
    """Of a thing that was renamed within a day the last name in the alphabet counts."""
    alias = editor.connection.alias
    usage = apps.get_model("governance", "UsageBucket").objects.using(alias).order_by()
    day = apps.get_model("governance", "UsageDay")
    sums = {f"sum_{name}": Sum(name) for name in COUNTS}
    for dimension in DIMENSIONS:
        identity = f"{dimension}_id"
        # The database has it in UTC; to truncate it would call Python for each row on SQLite.
        rows = usage.annotate(day=Substr(Cast("start", CharField()), 1, 10)).values("day", identity)
        rows = rows.annotate(called=Max(f"{dimension}_name"), **sums)
        day.objects.using(alias).bulk_create(
            (
                day(
                    dimension=dimension,
                    start=datetime.fromisoformat(f"{row['day']}T00:00:00+00:00"),
                    value=row[identity],
                    name=row["called"],
                    **{name: row[f"sum_{name}"] for name in COUNTS},
                )
                for row in rows.iterator()
            ),
            batch_size=1000,
        )


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
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("dimension", models.CharField(max_length=10)),
                ("start", models.DateTimeField()),
                ("value", models.CharField(blank=True, max_length=100)),
                ("name", models.CharField(blank=True, max_length=200)),
                *((name, models.PositiveBigIntegerField(default=0)) for name in COUNTS[:-1]),
                ("cost_micro_usd", models.BigIntegerField(default=0)),
            ],
            options={
                "ordering": ("-start", "id"),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dimension", "start", "value"), name="usage_day_place"
                    )
                ],
            },
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
        migrations.RunPython(fill_days, migrations.RunPython.noop, elidable=True),
    ]
