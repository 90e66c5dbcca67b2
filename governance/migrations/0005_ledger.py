# Records gain where they were carried and for whom; the usage ledger and the collector's offsets.

from django.db import migrations, models

COLUMNS = {
    "node": 64,
    "group_id": 100,
    "group_name": 200,
    "owner_id": 100,
    "owner_name": 200,
    "session": 200,
}


def _add(name, length):
    """A column that old rows have empty. Django would copy the whole table for each on SQLite."""
    return migrations.SeparateDatabaseAndState(
        [
            migrations.RunSQL(
                "ALTER TABLE governance_interaction "
                f"ADD COLUMN {name} varchar({length}) NOT NULL DEFAULT ''",
                f"ALTER TABLE governance_interaction DROP COLUMN {name}",
            )
        ],
        [
            migrations.AddField(
                model_name="interaction",
                name=name,
                field=models.CharField(blank=True, max_length=length),
            )
        ],
    )


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0004_interaction_indexes'),
    ]

    operations = [
        *(_add(name, length) for name, length in COLUMNS.items()),
        migrations.CreateModel(
            name='DayFileOffset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.CharField(max_length=64)),
                ('day', models.CharField(max_length=10)),
                ('file_id', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('node', 'day'), name='day_file_offset_once')],
            },
        ),
        migrations.CreateModel(
            name='SegmentOffset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.CharField(max_length=64)),
                ('segment', models.CharField(max_length=100)),
                ('offset', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('node', 'segment'), name='segment_offset_once')],
            },
        ),
        migrations.CreateModel(
            name='UsageBucket',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('start', models.DateTimeField()),
                ('key_id', models.CharField(blank=True, max_length=100)),
                ('key_name', models.CharField(blank=True, max_length=200)),
                ('group_id', models.CharField(blank=True, max_length=100)),
                ('group_name', models.CharField(blank=True, max_length=200)),
                ('owner_id', models.CharField(blank=True, max_length=100)),
                ('owner_name', models.CharField(blank=True, max_length=200)),
                ('profile_id', models.CharField(blank=True, max_length=100)),
                ('profile_name', models.CharField(blank=True, max_length=200)),
                ('provider', models.CharField(blank=True, max_length=100)),
                ('model', models.CharField(blank=True, max_length=300)),
                ('requests', models.PositiveBigIntegerField(default=0)),
                ('attempts', models.PositiveBigIntegerField(default=0)),
                ('failed', models.PositiveBigIntegerField(default=0)),
                ('prompt_tokens', models.PositiveBigIntegerField(default=0)),
                ('completion_tokens', models.PositiveBigIntegerField(default=0)),
                ('cached_tokens', models.PositiveBigIntegerField(default=0)),
                ('cache_written_tokens', models.PositiveBigIntegerField(default=0)),
                ('reasoning_tokens', models.PositiveBigIntegerField(default=0)),
                ('cost_micro_usd', models.BigIntegerField(default=0)),
            ],
            options={
                'ordering': ('-start', 'id'),
                'indexes': [models.Index(fields=['key_id', 'start'], name='usage_bucket_key_id'), models.Index(fields=['group_id', 'start'], name='usage_bucket_group_id'), models.Index(fields=['profile_id', 'start'], name='usage_bucket_profile_id'), models.Index(fields=['provider', 'start'], name='usage_bucket_provider')],
                'constraints': [models.UniqueConstraint(fields=('start', 'key_id', 'group_id', 'owner_id', 'profile_id', 'provider', 'model'), name='usage_bucket_place')],
            },
        ),
    ]
