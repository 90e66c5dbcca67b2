"""What the other files of `deploy` name is there, and means what they think it means."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.installation import ROOT

DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: str(path.name))
def test_every_setting_is_one(path: Path) -> None:
    known = set(re.findall(r"(?m)^\| `(POINTSMAN_\w+)`", (ROOT / "docs/operating.md").read_text()))
    assert known
    named = set(re.findall(r"POINTSMAN_[A-Z_]+", path.read_text()))
    assert named <= known, named - known


def test_the_compose_file_has_a_database_that_is_waited_for() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert services["pointsman"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["pointsman"]["build"]["dockerfile"] == "deploy/Dockerfile"
    assert all("healthcheck" in one or "build" in one for one in services.values())


def test_the_image_gets_what_it_copies() -> None:
    """And nothing that belongs to whoever builds it: secrets, environments, data."""
    left_out = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M)
    for one in " ".join(copied).split():
        assert (ROOT / one).exists(), one
        assert not any(fnmatch.fnmatch(one, pattern) for pattern in left_out if one != "."), one
    for kept_away in ("var", "**/.*", "tests"):
        assert kept_away in left_out


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "pointsman.service").read_text()
    unit = unit.replace("/opt/pointsman/.venv/bin/python", shutil.which("python3") or "")
    unit = unit.replace("/opt/pointsman", str(ROOT))
    unit = unit.replace("User=pointsman", "User=root").replace("Group=pointsman", "Group=root")
    (tmp_path / "pointsman.service").write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "pointsman.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "pointsman.service" in line]
    assert not said, done.stderr
