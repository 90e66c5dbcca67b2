"""The three roles, as groups that administrators put people in.

They live here, in the topmost room, because they speak of the rows below and of the desk's pages.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROUTING = ("routingprofile", "routingtarget", "heuristicrule", "modelmapping")
ROWS = (*ROUTING, "provider", "apikey", "revision", "interaction")

VIEWER = {
    *(f"governance.view_{model}" for model in ROWS),
    "gateway.view_engine",
}
OPERATOR = VIEWER | {
    *(f"governance.{verb}_{model}" for verb in ("add", "change", "delete") for model in ROUTING),
    "governance.add_provider",
    "governance.change_provider",
    "governance.change_revision",
    "gateway.operate_engine",
    "gateway.use_playground",
}
ADMINISTRATOR = OPERATOR | {
    "governance.delete_provider",
    "governance.set_credentials",
    *(f"governance.{verb}_apikey" for verb in ("add", "change", "delete")),
    *(f"auth.{verb}_{model}" for verb in ("view", "add", "change", "delete") for model in ("user", "group")),
}
ROLES = {"Viewer": VIEWER, "Operator": OPERATOR, "Administrator": ADMINISTRATOR}


def make(apps, schema_editor):
    """Makes the groups; one of that name that is there already gets the permissions too."""
    alias = schema_editor.connection.alias
    for label in ("auth", "governance", "gateway"):
        # Django makes permissions after all migrations, which is too late for this one.
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0, using=alias)
        config.models_module = None
    fill(apps.get_model("auth", "Group"), apps.get_model("auth", "Permission"), alias)


def fill(Group, Permission, alias):
    """The groups with their permissions, once these are made."""
    known = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.using(alias).select_related("content_type")
    }
    for name, permissions in ROLES.items():
        group, _ = Group.objects.using(alias).get_or_create(name=name)
        group.permissions.add(*(known[permission] for permission in sorted(permissions)))


class Migration(migrations.Migration):

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("governance", "0003_set_credentials"),
        ("gateway", "0001_desk"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
