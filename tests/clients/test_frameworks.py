"""Frameworks of Python as docs/clients/frameworks.md sets them up, each doing a job with tools."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.clients.conftest import CHANGED, KEY, WHERE, Desk
from tests.clients.scripted_model import DONE, NEW
from tests.support.installation import ROOT

PROGRAM = Path(__file__).parent / "programs" / "frameworks.py"
LOOPS = {
    "LangChain": "langchain",
    "LangChain with Anthropic's protocol": "langchain",
    "LlamaIndex": "llama_index",
    "pydantic-ai": "pydantic_ai",
    "OpenAI Agents SDK": "openai_agents",
    "Anthropic's tool runner": "tool_runner",
}


def setup(work: Desk, heading: str, model: str) -> Path:
    """The lines of the page below a heading, for this gateway and model."""
    text = (ROOT / "docs" / "clients" / "frameworks.md").read_text()
    section = text.partition(f"\n## {heading}\n")[2]
    match = re.search(r"```(?:python|yaml)\n(.*?)```", section, re.DOTALL)
    assert match is not None, heading
    filled = match[1].replace("http://localhost:8000", work.url).replace("pm-...", KEY)
    place = work.home / "setup"
    place.write_text(filled.replace("light/light", model))
    return place


def python(work: Desk, framework: str, heading: str, model: str) -> str:
    program = Path(os.environ[WHERE]) / "frameworks" / "bin" / "python"
    ended = work.run(str(program), str(PROGRAM), framework, model, str(setup(work, heading, model)))
    told = ended.stdout + ended.stderr
    assert ended.returncode == 0, told
    assert not work.model.refusals, (work.model.refusals, told)
    return told


@pytest.mark.parametrize("heading", LOOPS)
def test_a_job_with_tools(work: Desk, model_name: str, heading: str) -> None:
    assert DONE in python(work, LOOPS[heading], heading, model_name)
    assert work.notes() == CHANGED


def test_an_answer_in_json(work: Desk, model_name: str) -> None:
    assert f"signal: {NEW}" in python(work, "instructor", "instructor", model_name)


def test_a_job_of_llm(work: Desk, model_name: str) -> None:
    place = work.home / "llm"
    place.mkdir()
    setup(work, "llm", model_name).rename(place / "extra-openai-models.yaml")
    (place / "keys.json").write_text(f'{{"pointsman": "{KEY}"}}')
    program = Path(os.environ[WHERE]) / "frameworks" / "bin" / "llm"
    ended = work.run(
        str(program), "-m", "light", "--functions", str(_functions(work)), "Change the signal.",
        LLM_USER_PATH=str(place),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert DONE in ended.stdout
    assert work.notes() == CHANGED


def _functions(work: Desk) -> Path:
    """The tools of the other programs alone: `llm` takes every function of the file."""
    text = PROGRAM.read_text()
    begin, end = text.index("def read_file"), text.index("def langchain")
    place = work.home / "tools.py"
    place.write_text(f"from pathlib import Path\n\n\n{text[begin:end]}")
    return place


def test_every_framework_of_the_page_is_driven() -> None:
    text = (ROOT / "docs" / "clients" / "frameworks.md").read_text()
    assert set(re.findall(r"^## (.+)$", text, re.MULTILINE)) == {*LOOPS, "instructor", "llm"}
