"""Every command of the README and the docs is run, as it stands there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.installation import ROOT, Installation, environment

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "clients").glob("*-sdk.md")),
]
"""The pages of other clients are followed by tests/clients, which has those programs."""
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)


def blocks() -> Iterator[object]:
    """Each block of commands, named by its page and line."""
    for page in PAGES:
        content = page.read_text()
        for match in BLOCK.finditer(content):
            line = content.count("\n", 0, match.start()) + 1
            yield pytest.param(*match.groups(), id=f"{page.name}:{line}")


READ = re.compile(r'\benv\.(?:text|flag|number|words|path|choice|origins|pairs)\(\s*"([A-Z_]+)"')
STARTS = ("make run", ".venv/bin/python -m daphne")
"""Commands that serve until they are ended."""
ELSEWHERE = (
    "make test",
    "make bench-quick",
    ".venv/bin/python manage.py collect",
)
"""What this is a part of, the benchmark, which takes the machine for itself, and the collector,
which never ends and is run and killed in tests/gateway/collector/test_processes.py."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The service with its real model, as after `make run`."""
    with Installation(tmp_path_factory.mktemp("docs"), wait=300) as running:
        yield running


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("language", "text"), list(blocks()))
def test_it_runs(language: str, text: str, service: Installation, tmp_path: Path) -> None:
    if text.strip() in ELSEWHERE:
        return
    env = environment(service.data_dir, POINTSMAN_API_KEY=service.api_key)
    text = text.replace("http://localhost:8000", service.url)
    text = text.replace("export POINTSMAN_API_KEY=pm-...\n", "")
    if text.startswith(STARTS):
        starts(text, tmp_path)
        return
    if language == "python":
        command = [str(ROOT / ".venv/bin/python"), "-c", text]
    else:
        text = text.replace("curl ", "curl -sS --fail-with-body ").replace("> profiles.json", "")
        text = text.replace("profiles.json", str(_exported(service, tmp_path)))
        command = ["sh", "-ec", text]
    result = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    if "capital of France" in text:
        said = _spoken(result.stdout)
        assert "Paris" in said or ("temperature" not in text and said), "a sampled answer may vary"


def starts(command: str, data_dir: Path) -> None:
    """A serving command comes up and ends on Ctrl-C."""
    env = environment(data_dir)
    command = command.strip()
    if command.startswith("make run"):
        port = "PORT=0"
        arguments = 'ARGS="--no-model"' if "ARGS" not in command else ""
        command = f"{command} {port} {arguments}".replace('--workers 4"', '--workers 4 --no-model"')
        mark = "Ctrl-C stops"
    else:
        subprocess.run(
            [".venv/bin/python", "manage.py", "migrate", "--verbosity", "0"],
            cwd=ROOT,
            env=env,
            check=True,
        )
        command, mark = command.replace("-p 8000", "-p 0"), "Listening on TCP"
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if mark in line:
            break
    else:
        raise AssertionError(seen)
    # Daphne says that it listens a moment before it can be interrupted.
    for _ in range(6):
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=15)
            return
    raise AssertionError("It did not end on Ctrl-C.")


def test_every_setting_is_described() -> None:
    """The table of settings holds each variable the code reads, and no other."""
    read = set()
    for path in (ROOT / "gateway").rglob("*.py"):
        read |= {f"POINTSMAN_{name}" for name in READ.findall(path.read_text())}
    text = (ROOT / "docs/operating.md").read_text()
    assert read == set(re.findall(r"^\| `(POINTSMAN_[A-Z_]+)`", text, re.MULTILINE))


def _exported(service: Installation, folder: Path) -> Path:
    path = folder / "profiles.json"
    answer = httpx.get(
        f"{service.url}/api/governance/routing-profiles/export",
        headers={"Authorization": f"Bearer {service.api_key}"},
    )
    path.write_bytes(answer.content)
    return path


def _spoken(output: str) -> str:
    """The text of a stream, or the output itself."""
    pieces = re.findall(r'"content":"((?:[^"\\]|\\.)*)"', output)
    return "".join(pieces) or output
