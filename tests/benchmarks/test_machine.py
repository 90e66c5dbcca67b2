"""Processes that are halted while another is measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import machine
from tests.support.eventually import eventually

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

PARENT = "import subprocess; subprocess.run(['sleep', '60'])"


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_supervisor_is_halted_with_what_it_started() -> None:
    """It would replace a web process that does nothing for ten seconds."""
    with subprocess.Popen([sys.executable, "-c", PARENT]) as parent:
        eventually(lambda: len(machine.children(parent.pid)) == 1)
        (child,) = machine.children(parent.pid)
        with machine.halted([child]):
            eventually(lambda: state(child) == state(parent.pid) == "T")
        eventually(lambda: "T" not in (state(child), state(parent.pid)))
        with machine.halted([parent.pid]):  # ours: we go on
            eventually(lambda: state(parent.pid) == "T")
        parent.kill()
        subprocess.run(["kill", str(child)], check=True)
