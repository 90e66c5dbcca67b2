"""The Vercel AI SDK's tool loops: its default provider (Responses), chat, and Anthropic's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import KEY, WHERE, Desk
from tests.clients.scripted_model import DONE

PROGRAM = Path(__file__).parent / "programs" / "ai_sdk.mjs"


def loop(work: Desk, model: str, how: str) -> tuple[int, str]:
    # Node finds packages beside the program.
    place = Path(os.environ[WHERE]) / PROGRAM.name
    shutil.copy(PROGRAM, place)
    ended = work.run("node", str(place), f"{work.url}/v1", KEY, model, str(work.folder), how)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "how",
    [
        "default-unkept",
        "default-unkept-stream",
        "chat",
        "chat-stream",
        "anthropic",
        "anthropic-stream",
    ],
)
def test_a_tool_loop(work: Desk, model_name: str, how: str) -> None:
    code, told = loop(work, model_name, how)
    assert not work.model.refusals, (work.model.refusals, told)
    assert code == 0, told
    assert DONE in told
    assert "colour light" in work.notes()
