from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0024_usage_pages'),
    ]

    operations = [
        migrations.AddField(
            model_name='limittotal',
            name='processes',
            field=models.PositiveIntegerField(default=1),
        ),
    ]
