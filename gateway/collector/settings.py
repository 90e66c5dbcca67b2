"""The settings of the collector's process: those of the service without the apps of its pages.

The admin, the REST API and their templates would be half of what the process takes up.
"""

from gateway.settings import *  # noqa: F403

INSTALLED_APPS = ["governance"]
MIDDLEWARE = []
TEMPLATES = []

# What the database makes wait for longer is told as a trouble, and tried again.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    DATABASES["default"]["OPTIONS"]["timeout"] = 2  # noqa: F405
    # A batch touches a page of each index for many of its rows. What has no room is written before
    # the transaction ends, and then again.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA cache_size=-4096;"  # noqa: F405
else:
    # One connection is all it needs, so there is no pool whose threads would try and try.
    DATABASES["default"]["OPTIONS"] = {"connect_timeout": 2}  # noqa: F405
