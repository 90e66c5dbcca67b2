"""A process goes when its launcher does, and in its own time without an abort."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import threading, time
from inference.parent import wait_for_its_end
watching = threading.Thread(target=wait_for_its_end, daemon=True)
watching.start()
{then}
"""


def run(then: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE.format(then=then)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_ends_while_the_launcher_lives() -> None:
    process = run("time.sleep(0.05)")
    assert process.wait(30) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_it_hears_of_the_launchers_end() -> None:
    process = run("watching.join()")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == 0
