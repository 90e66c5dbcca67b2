"""A start is quick because processes load nothing that they do not need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import manage
from tests.support.programs import said

SET_UP = """
import json, sys
sys.argv = ["manage.py", sys.argv[1]]
import django
django.setup()
from django.core.management import get_commands, load_command_class
load_command_class(get_commands()["up"], "up")
from django.apps import apps
models = sorted(one._meta.label for one in apps.get_models(include_auto_created=True))
print(json.dumps({"models": models, "modules": sorted(sys.modules)}))
"""


CHECKED = """
import json
import django
django.setup()
from django.contrib import admin
from django.core.checks import run_checks
before = len(admin.site._registry)
found = [str(one) for one in run_checks(tags=["admin"])]
print(json.dumps({"before": before, "after": len(admin.site._registry), "found": found}))
"""
COLLECTOR = """
import json, sys
import gateway.collector.__main__
import django
django.setup()
import gateway.collector.collector
print(json.dumps({"modules": sorted(sys.modules)}))
"""
REST = ("rest_framework.views", "rest_framework.serializers", "governance.serializers")


def loaded(command: str) -> dict[str, Any]:
    return said(SET_UP, command)


@pytest.fixture(scope="module")
def by_up() -> dict[str, Any]:
    return loaded("up")


def test_it_loads_no_pages(by_up: dict[str, Any]) -> None:
    pages = [
        one for one in by_up["modules"] if one.startswith(("unfold.admin", "gateway.console."))
    ]
    assert not pages
    assert not set(REST) & set(by_up["modules"])


def test_the_collector_does_without_rest() -> None:
    modules = set(said(COLLECTOR)["modules"])
    assert "governance.alert_events" in modules
    assert not {*REST, "django.contrib.auth"} & modules


def test_checks_of_the_admin_look_at_all_of_its_pages() -> None:
    """They come when they are checked, in whatever order Django runs its checks."""
    checked = said(CHECKED)
    assert (checked["before"], checked["found"]) == (0, [])
    assert checked["after"] > 10


def test_nothing_but_structlog_comes_with_structlog(by_up: dict[str, Any]) -> None:
    assert "structlog" in by_up["modules"]
    assert not {"rich", "twisted", "structlog.twisted"} & set(by_up["modules"])


def test_what_it_migrates_is_all_there_is(by_up: dict[str, Any]) -> None:
    """Permissions are made for the models that are known when `up` migrates."""
    assert by_up["models"] == loaded("check")["models"]


def test_a_misspelt_setting_is_warned_of_by_a_start(tmp_path: Path) -> None:
    result = manage(tmp_path, "up", "--no-model", "--port=-1", POINTSMAN_METRIC_PUBLIC="true")
    assert "POINTSMAN_METRIC_PUBLIC is no setting of this service" in result.stderr
