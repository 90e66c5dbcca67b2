"""Administrators may read what callers and models said, where it is kept."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

PERMISSION = "read_content"


def give(apps, schema_editor):
    """To the group of that name, where it still is."""
    alias = schema_editor.connection.alias
    # Django makes permissions after all migrations, which is too late for this one.
    config = apps.get_app_config("gateway")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0, using=alias)
    config.models_module = None
    fill(apps.get_model("auth", "Group"), apps.get_model("auth", "Permission"), alias)


def fill(Group, Permission, alias):
    """The permission, once it is made."""
    group = Group.objects.using(alias).filter(name="Administrator").first()
    if group is not None:
        group.permissions.add(Permission.objects.using(alias).get(codename=PERMISSION))


class Migration(migrations.Migration):

    dependencies = [("gateway", "0007_alerts")]

    operations = [
        migrations.AlterModelOptions(
            name="console",
            options={
                "default_permissions": (),
                "managed": False,
                "permissions": [
                    ("view_engine", "Can see the local engine"),
                    ("operate_engine", "Can load and unload local models"),
                    ("use_playground", "Can send requests from the playground"),
                    ("read_content", "Can read what callers and models said, where it is kept"),
                ],
            },
        ),
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
