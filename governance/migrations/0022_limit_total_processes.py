from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0014_cache_and_shadow'),
    ]

    operations = [
        migrations.AddField(
            model_name='limittotal',
            name='processes',
            field=models.PositiveIntegerField(default=1),
        ),
    ]
