"""Coding agents do a job: they read, edit, and finish, on an OpenAI and an Anthropic upstream."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.clients.conftest import ANTHROPIC, KEY, OPENAI, Desk, desk, exported, page
from tests.clients.scripted_model import DONE

pytestmark = pytest.mark.timeout(300)
JOB = "Change the kind of signal in notes.txt to a colour light."


def claude_code(work: Desk, model: str) -> None:
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    ended = work.run(
        *("claude", "-p", JOB, "--allowedTools", "Read,Edit"),
        **exported("claude-code", work, model),
        **quiet,
    )
    work.assert_done(ended)
    assert DONE in ended.stdout


def codex(work: Desk, model: str) -> None:
    (work.home / ".codex").mkdir()
    (work.home / ".codex" / "config.toml").write_text(page("codex", "toml", work, model))
    ended = work.run(
        *("codex", "exec", "--skip-git-repo-check"),
        *("--dangerously-bypass-approvals-and-sandbox", JOB),
        POINTSMAN_API_KEY=KEY,
    )
    work.assert_done(ended)
    assert DONE in ended.stdout


def opencode(work: Desk, model: str) -> None:
    config = json.loads(page("opencode", "json", work, model))
    quiet = {"autoupdate": False, "share": "disabled", "permission": "allow"}
    (work.folder / "opencode.json").write_text(json.dumps({**config, **quiet}))
    ended = work.run(
        *("opencode", "run", "--model", f"pointsman/{model}", JOB),
        OPENCODE_DISABLE_AUTOUPDATE="1",
        OPENCODE_DISABLE_MODELS_FETCH="1",
        OPENCODE_DISABLE_LSP_DOWNLOAD="1",
    )
    work.assert_done(ended)


def qwen_code(work: Desk, model: str) -> None:
    ended = work.run(
        *("qwen", "--auth-type", "openai", "--yolo", "-p", JOB),
        **exported("qwen-code", work, model),
    )
    work.assert_done(ended)


def aider(work: Desk, model: str) -> None:
    ended = work.run(
        *("aider", "--model", f"openai/{model}", "--no-show-model-warnings"),
        *("--edit-format", "diff", "--yes-always", "--no-git", "--no-check-update"),
        *("--analytics-disable", "--message", JOB, "notes.txt"),
        **exported("aider", work, model),
    )
    work.assert_done(ended)


def cline(work: Desk, model: str) -> None:
    settings = work.home / ".cline" / "data" / "settings"
    settings.mkdir(parents=True)
    quiet = {"telemetryOptOut": True, "autoUpdateEnabled": False}
    (settings / "global-settings.json").write_text(json.dumps(quiet))
    signing_in = work.run(*shlex.split(page("cline", "sh", work, model)), CLINE_NO_AUTO_UPDATE="1")
    assert signing_in.returncode == 0, signing_in.stdout + signing_in.stderr
    ended = work.run("cline", "--timeout", "100", JOB, CLINE_NO_AUTO_UPDATE="1")
    work.assert_done(ended)
    assert DONE in ended.stdout


AGENTS = {
    "claude": claude_code,
    "codex": codex,
    "opencode": opencode,
    "qwen": qwen_code,
    "aider": aider,
    "cline": cline,
}


@pytest.mark.parametrize("agent", AGENTS)
def test_it_does_the_job(work: Desk, agent: str, model_name: str) -> None:
    AGENTS[agent](work, model_name)


@pytest.mark.parametrize("status", [429, 500, 529])
@pytest.mark.parametrize("agent", AGENTS)
def test_a_failure_in_the_middle_ends_no_job(tmp_path: Path, agent: str, status: int) -> None:
    """The upstream fails once; the client's own retries get it over that."""
    with desk(tmp_path, faults={2: status}) as work:
        AGENTS[agent](work, ANTHROPIC if agent == "claude" else OPENAI)


def test_codex_outlives_a_limit_that_lasts(tmp_path: Path) -> None:
    """It asks again for the event of a stream, and never for the status."""
    with desk(tmp_path, faults=dict.fromkeys(range(2, 6), 429)) as work:
        codex(work, OPENAI)
