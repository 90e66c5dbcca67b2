"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from hypothesis import settings

from tests.support import postgres

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
    if sender is last and not Group.objects.using(using).exists():
        for name in ("0002_roles", "0004_audit_role", "0005_limits", "0010_read_content"):
            import_module(f"gateway.migrations.{name}").fill(Group, Permission, using)


@pytest.fixture(scope="session", autouse=True)
def _emptied_audit_log() -> None:
    """Tests with transactions of their own empty every table behind them, which the audit log
    refuses to everyone else."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from governance.audit.append_only import unlocked

    flush = BaseDatabaseOperations.execute_sql_flush

    def flushed(self: Any, sql_list: Any) -> None:
        with unlocked(self.connection):
            flush(self, sql_list)

    BaseDatabaseOperations.execute_sql_flush = flushed


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of one server for all tests of this process; skips where there is none."""
    if not postgres.available():
        pytest.skip("there is no PostgreSQL server to start")
    with postgres.server() as url:
        yield url


SLOW = (
    "tests/browser/test_charts.py",
    "tests/browser/test_desk.py",
    "tests/browser/test_every_page.py",
    "tests/browser/test_firefox.py",
    "tests/browser/test_interactions.py",
    "tests/browser/test_sign_in.py",
    "tests/browser/test_provider.py",
    "tests/browser/test_right_to_left.py",
    "tests/browser/test_targets.py",
    "tests/docs/test_commands.py::test_it_runs",
    "tests/faults/test_limits.py",
    "tests/faults/test_stopping.py",
    "tests/gateway/collector/test_processes.py",
    "tests/gateway/supervisor/test_preflight.py",
    "tests/gateway/supervisor/test_reload.py",
    "tests/gateway/supervisor/test_up.py",
    "tests/gateway/supervisor/test_workers.py",
    "tests/governance/test_postgres.py",
    "tests/inference/local/runtimes/test_joining.py",
    "tests/inference/local/runtimes/test_llama_pooling.py",
    "tests/inference/local/runtimes/test_prompt_steps.py",
    "tests/inference/local/store/test_hub.py",
    "tests/service/test_clouds.py",
    "tests/service/test_files.py",
    "tests/service/test_interaction_log.py",
    "tests/service/test_two_nodes.py",
    "tests/wild/test_variants.py",
)
"""What starts many processes, minutes in all: `make test-slow` runs it, and naming it does."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the slow ones out of a run of everything."""
    if "POINTSMAN_TEST_SLOW" in os.environ or any("test_" in one for one in config.args):
        return
    slow = [item for item in items if item.nodeid.startswith(SLOW)]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.nodeid.startswith(SLOW)]
