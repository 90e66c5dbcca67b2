from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Routing"

    def ready(self) -> None:
        from governance.audit import watched

        watched.connect()
        post_migrate.connect(_lock_audit_log, sender=self, dispatch_uid="governance.audit")


def _lock_audit_log(sender: AppConfig, using: str, **rest: Any) -> None:
    from governance.audit.append_only import lock

    lock(connections[using])
