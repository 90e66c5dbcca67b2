"""Real clients against the gateway, each with an empty environment and a home of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from governance.routing.compile import compile_table
from governance.routing.table import Target
from tests.clients.scripted_model import NEW, OLD, ScriptedModel
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import KEY, provider, virtual_keys
from tests.support.installation import ROOT
from tests.support.serving import served

WHERE = "POINTSMAN_TEST_CLIENTS"
"""Names the folder into which `make test-clients` has installed the programs."""
NOTES = f"The signal is a {OLD}.\n"
CHANGED = f"The signal is a {NEW}.\n"
OPENAI, ANTHROPIC = "o/gpt-x", "a/claude-x"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="`make test-clients` installs the clients and runs these")
    for item in items:
        if item.path.parent == Path(__file__).parent and WHERE not in os.environ:
            item.add_marker(missing)


@dataclass
class Desk:
    """A folder to work in, a gateway, and the model behind it."""

    folder: Path
    home: Path
    url: str
    model: ScriptedModel

    def run(
        self, *command: str, timeout: float = 120, folder: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a client with nothing of the machine's own settings. Telemetry and updates are off
        by its own variables; only loopback is reached."""
        programs = Path(os.environ[WHERE])
        path = f"{programs}/node_modules/.bin:{programs}/venv/bin:{os.environ['PATH']}"
        clean = {
            "PATH": path,
            "HOME": str(self.home),
            "TERM": "dumb",
            "NO_COLOR": "1",
            "CI": "1",
            "DO_NOT_TRACK": "1",
            "no_proxy": "*",
            "NO_PROXY": "*",
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            command,
            cwd=folder or self.folder,
            env={**clean, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def notes(self) -> str:
        return (self.folder / "notes.txt").read_text()

    def assert_done(self, ended: subprocess.CompletedProcess[str]) -> None:
        told = f"{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
        assert not self.model.refusals, f"{self.model.refusals}\n{told}"
        assert ended.returncode == 0, told
        assert self.notes() == CHANGED, told


def page(name: str, language: str, work: Desk, model: str) -> str:
    """The first block in `language` of a page of docs/clients, for this gateway and model."""
    text = (ROOT / "docs" / "clients" / f"{name}.md").read_text()
    match = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert match is not None, name
    filled = match[1].replace("http://localhost:8000", work.url)
    return filled.replace("pm-...", KEY).replace("light/light", model)


def exported(name: str, work: Desk, model: str) -> dict[str, str]:
    """The variables that a page of docs/clients exports."""
    lines = page(name, "sh", work, model).splitlines()
    settings = (line.removeprefix("export ") for line in lines if line.startswith("export "))
    return dict(setting.split("=", 1) for setting in settings)


@contextmanager
def desk(tmp_path: Path, faults: dict[int, int] | None = None) -> Iterator[Desk]:
    folder, home = tmp_path / "work", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    (folder / "notes.txt").write_text(NOTES)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    with ScriptedModel(str(folder), faults) as model:
        where = f"http://127.0.0.1:{model.port}"
        rows = [
            provider("openai", f"{where}/v1", kind="openai"),
            provider("anthropic", where, kind="anthropic"),
        ]
        profiles = [
            profile(
                Target(provider=row.name, model=real, virtual_model=name, priority=0),
                virtual_provider=prefix,
                local_fallback="never",
            )
            for row, prefix, name, real in (
                (rows[0], "o", "gpt-x", "gpt-scripted"),
                (rows[1], "a", "claude-x", "claude-scripted"),
            )
        ]
        table = compile_table(
            profiles=profiles,
            providers=rows,
            virtual_keys=virtual_keys(),
            compile_regex=compile_regex,
        )
        with served(table) as gateway:
            try:
                yield Desk(folder, home, gateway.url, model)
            finally:
                _end_what_is_left(home)


def _end_what_is_left(home: Path) -> None:
    """Some clients leave a daemon behind, in a session of its own; its home tells whose it is."""
    mark = f"HOME={home}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGTERM)


@pytest.fixture(params=[OPENAI, ANTHROPIC])
def model_name(request: pytest.FixtureRequest) -> str:
    """A virtual model of each kind of upstream."""
    return str(request.param)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as made:
        yield made


__all__ = ["KEY"]
