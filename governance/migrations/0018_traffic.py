# The traffic ledger, requests that ended in errors, and indexes for what the list is narrowed by.

from collections import defaultdict
from datetime import datetime

from django.db import migrations, models
from django.db.models import CharField, Count, F, Q, Sum
from django.db.models.functions import Cast, Substr

PLACE = ("provider", "model", "outcome", "fallback")
KEYED = ("key_id", "group_id", "owner_id", "profile_id", "provider", "model")
SUMS = ("requests", "prompt_tokens", "completion_tokens", "cached_tokens")
NO_ERROR = ("ok", "cancelled")


def _quarter(minute):
    """Of `2030-01-31 12:34`, which the database has in UTC."""
    found = datetime.fromisoformat(f"{minute.replace(' ', 'T')}:00+00:00")
    return found.replace(minute=found.minute // 15 * 15)


def fill(apps, editor):
    """What is in the log already; what was pruned from it is not known any more.

    An attempt before the last one counts where its request ended: rows do not tell more at once.
    """
    rows = apps.get_model("governance", "Interaction").objects.order_by()
    minute = rows.annotate(minute=Substr(Cast("time", CharField()), 1, 16))
    traffic = defaultdict(lambda: defaultdict(int))
    sums = {
        "requests": Count("pk"),
        "attempts": Count("pk", filter=~Q(provider="")),
        "unpriced": Count("pk", filter=Q(prompt_tokens__isnull=False, cost_usd__isnull=True)),
        "cost": Sum("cost_usd"),
        **{f"sum_{name}": Sum(name) for name in SUMS[1:]},
    }
    for row in minute.values("minute", *PLACE).annotate(**sums).iterator():
        place = (_quarter(row["minute"]), *(row[name] for name in PLACE))
        found = traffic[place]
        found["requests"] += row["requests"]
        found["attempts"] += row["attempts"]
        found["unpriced"] += row["unpriced"]
        found["failed"] += row["requests"] if row["provider"] and row["outcome"] not in NO_ERROR else 0
        found["cost_micro_usd"] += round((row["cost"] or 0) * 1_000_000)
        for name in SUMS[1:]:
            found[name] += row[f"sum_{name}"] or 0
    bucket = apps.get_model("governance", "TrafficBucket")
    bucket.objects.bulk_create(
        (
            bucket(**dict(zip(("start", *PLACE), place, strict=True)), **counts)
            for place, counts in traffic.items()
        ),
        batch_size=1000,
    )
    errors = defaultdict(int)
    failed = minute.exclude(outcome__in=NO_ERROR).values("minute", *KEYED)
    for row in failed.annotate(errors=Count("pk")).iterator():
        errors[(_quarter(row["minute"]), *(row[name] for name in KEYED))] += row["errors"]
    usage = apps.get_model("governance", "UsageBucket").objects
    for place, count in errors.items():
        where = dict(zip(("start", *KEYED), place, strict=True))
        usage.filter(**where).update(errors=F("errors") + count)


class Migration(migrations.Migration):

    dependencies = [
        ("governance", "0015_units"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            # Django would copy the whole table for it on SQLite.
            [
                migrations.RunSQL(
                    "ALTER TABLE governance_usagebucket "
                    "ADD COLUMN errors bigint NOT NULL DEFAULT 0 CHECK (errors >= 0)",
                    "ALTER TABLE governance_usagebucket DROP COLUMN errors",
                )
            ],
            [
                migrations.AddField(
                    model_name="usagebucket",
                    name="errors",
                    field=models.PositiveBigIntegerField(default=0),
                )
            ],
        ),
        migrations.CreateModel(
            name="TrafficBucket",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("start", models.DateTimeField()),
                ("provider", models.CharField(blank=True, max_length=100)),
                ("model", models.CharField(blank=True, max_length=300)),
                ("outcome", models.CharField(blank=True, max_length=20)),
                ("fallback", models.CharField(blank=True, max_length=10)),
                ("requests", models.PositiveBigIntegerField(default=0)),
                ("attempts", models.PositiveBigIntegerField(default=0)),
                ("failed", models.PositiveBigIntegerField(default=0)),
                ("prompt_tokens", models.PositiveBigIntegerField(default=0)),
                ("completion_tokens", models.PositiveBigIntegerField(default=0)),
                ("cached_tokens", models.PositiveBigIntegerField(default=0)),
                ("unpriced", models.PositiveBigIntegerField(default=0)),
                ("cost_micro_usd", models.BigIntegerField(default=0)),
            ],
            options={
                "ordering": ("-start", "id"),
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("start", "provider", "model", "outcome", "fallback"),
                        name="traffic_bucket_place",
                    )
                ],
            },
        ),
        *(
            migrations.AddIndex(
                model_name="interaction",
                index=models.Index(
                    fields=[name, "-time", "-id"],
                    name=f"interaction_{name}",
                    **({"condition": Q((f"{name}__gt", ""))} if partial else {}),
                ),
            )
            for name, partial in (("requested_model", False), ("session", True), ("group_id", True))
        ),
        migrations.AlterField(
            model_name="interaction",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("ok", "Answered"),
                    ("refused", "Rejected by gateway"),
                    ("cancelled", "Client disconnected"),
                    ("callers_fault", "Rejected by provider"),
                    ("retryable", "Provider failed"),
                    ("misconfigured", "Provider refused the gateway"),
                    ("too_long", "Prompt too long"),
                    ("unfit", "Unsupported by provider"),
                    ("error", "Gateway failed"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
