"""The roles may see alerts, what they found, and who may make keys; who may set which, sets them."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = {
    *("governance.view_alertrule", "governance.view_alertevent", "governance.view_keyallowance"),
}
OPERATOR = VIEWER | {f"governance.{verb}_alertrule" for verb in ("add", "change", "delete")}
ADMINISTRATOR = OPERATOR | {
    f"governance.{verb}_keyallowance" for verb in ("add", "change", "delete")
}
ROLES = {"Viewer": VIEWER, "Operator": OPERATOR, "Administrator": ADMINISTRATOR}


def give(apps, schema_editor):
    alias = schema_editor.connection.alias
    config = apps.get_app_config("governance")
    # Django makes permissions after all migrations, which is too late for this one.
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0, using=alias)
    config.models_module = None
    fill(apps.get_model("auth", "Group"), apps.get_model("auth", "Permission"), alias)


def fill(Group, Permission, alias):
    """The roles with these permissions; one that was taken away stays away."""
    known = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.using(alias).select_related("content_type")
    }
    for name, permissions in ROLES.items():
        for group in Group.objects.using(alias).filter(name=name):
            group.permissions.add(*(known[permission] for permission in sorted(permissions)))


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0015_key_allowances"),
        ("gateway", "0005_limits"),
    ]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
