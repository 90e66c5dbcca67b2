"""The permissions' model is called what the pages are called. It has no table.

Django renames its content type with it, so that whoever holds the permissions keeps them.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("gateway", "0002_roles")]

    operations = [migrations.RenameModel("Desk", "Console")]
