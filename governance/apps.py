from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext, gettext_lazy, ngettext

from governance import texts


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = gettext_lazy("Routing")

    def ready(self) -> None:
        texts.use(gettext, ngettext)
        # The collector has no people: it runs without the apps that keep them.
        if apps.is_installed("django.contrib.auth"):
            from governance.audit import watched

            watched.connect()
        post_migrate.connect(_lock_audit_log, sender=self, dispatch_uid="governance.audit")


def _lock_audit_log(sender: AppConfig, using: str, **rest: Any) -> None:
    from governance.audit.append_only import lock

    lock(connections[using])
