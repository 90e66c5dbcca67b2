"""What holds for every test."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from hypothesis import settings

# How long an example takes says more about what else the machine does.
settings.register_profile("pointsman", deadline=None)
settings.load_profile("pointsman")


def pytest_configure(config: pytest.Config) -> None:
    """Tests with transactions of their own empty the database behind them, which Django tells as
    it does a migration: what our migrations have put there comes back."""
    post_migrate.connect(_bring_back_roles, dispatch_uid="tests.roles")


def _bring_back_roles(sender: AppConfig, using: str, **rest: Any) -> None:
    from django.contrib.auth.models import Group, Permission

    *_, last = (one for one in apps.get_app_configs() if one.models_module is not None)
    if sender is not last or Group.objects.using(using).exists():
        return
    known = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.using(using).select_related("content_type")
    }
    roles = import_module("gateway.migrations.0002_roles").ROLES
    for name, permissions in roles.items():
        group = Group.objects.using(using).create(name=name)
        group.permissions.add(*(known[permission] for permission in permissions))
