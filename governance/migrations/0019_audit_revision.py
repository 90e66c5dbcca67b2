from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("governance", "0018_traffic"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="revision",
            field=models.PositiveBigIntegerField(editable=False, null=True),
        ),
    ]
