"""A start is quick because `up` loads nothing that its processes do not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import manage

SET_UP = """
import json, os, sys
sys.argv = ["manage.py", sys.argv[1]]
os.environ["DJANGO_SETTINGS_MODULE"] = "gateway.settings"
import django
django.setup()
from django.core.management import get_commands, load_command_class
load_command_class(get_commands()["up"], "up")
from django.apps import apps
models = sorted(one._meta.label for one in apps.get_models(include_auto_created=True))
print(json.dumps({"models": models, "modules": sorted(sys.modules)}))
"""


def loaded(command: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-c", SET_UP, command],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def by_up() -> dict[str, Any]:
    return loaded("up")


def test_it_loads_no_pages(by_up: dict[str, Any]) -> None:
    pages = [
        one for one in by_up["modules"] if one.startswith(("unfold.admin", "gateway.console."))
    ]
    assert not pages


def test_nothing_but_structlog_comes_with_structlog(by_up: dict[str, Any]) -> None:
    assert "structlog" in by_up["modules"]
    assert not {"rich", "twisted", "structlog.twisted"} & set(by_up["modules"])


def test_what_it_migrates_is_all_there_is(by_up: dict[str, Any]) -> None:
    """Permissions are made for the models that are known when `up` migrates."""
    assert by_up["models"] == loaded("check")["models"]


def test_a_misspelt_setting_is_warned_of_by_a_start(tmp_path: Path) -> None:
    result = manage(tmp_path, "up", "--no-model", "--port=-1", POINTSMAN_METRIC_PUBLIC="true")
    assert "POINTSMAN_METRIC_PUBLIC is no setting of this service" in result.stderr
