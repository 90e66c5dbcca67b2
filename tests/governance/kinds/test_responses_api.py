"""Which models are asked by the Responses API."""

from __future__ import annotations

import pytest

from governance.kinds import KINDS
from governance.kinds.responses_api import ResponsesAPI

OPENAI = "https://api.openai.com/v1"
OTHER = "https://models.example/v1"
API = KINDS["openai"].responses or ResponsesAPI()


@pytest.mark.parametrize(
    ("base_url", "patterns", "model", "spoken"),
    [
        (OPENAI, (), "gpt-5.5", True),
        (OTHER, (), "gpt-5.5", False),
        ("https://api.openai.com.evil.example/v1", (), "gpt-5.5", False),
        (OTHER, ("*",), "anything", True),
        (OTHER, ("gpt-5*",), "GPT-5.5", True),
        (OTHER, ("gpt-5*",), "gpt-4o", False),
        (OTHER, ("*", "!gpt-4*"), "gpt-4o", False),
        (OPENAI, ("!gpt-4*",), "gpt-4o", False),
        (OPENAI, ("!gpt-4*",), "gpt-5.5", True),
        (OPENAI, ("!*",), "gpt-5.5", False),
    ],
)
def test_the_operator_says_it_or_else_the_address(
    base_url: str, patterns: tuple[str, ...], model: str, spoken: bool
) -> None:
    assert API.spoken_by(model, base_url, patterns) is spoken


def test_hosts_below_a_domain() -> None:
    api = ResponsesAPI(frozenset({".models.example"}))
    assert api.default_at("https://eu.models.example/v1")
    assert not api.default_at("https://models.example.com/v1")


@pytest.mark.parametrize(
    ("model", "both", "preferred"),
    [
        ("gpt-5.5", True, True),
        ("gpt-5.5", False, False),
        ("gpt-5.10-mini", True, True),
        ("gpt-6", True, True),
        ("gpt-5.1", True, False),
        ("gpt-5", True, False),
        ("gpt-4o", True, False),
        ("openai/gpt-5.5", True, False),
        ("gpt-5-pro", False, True),
        ("gpt-5.2-pro", False, True),
        ("gpt-5.1-codex-max", False, True),
        ("codex-mini-latest", False, True),
        ("o3-deep-research", False, True),
        ("o1-pro-2025-03-19", False, True),
        ("o3", True, False),
    ],
)
def test_models_that_are_better_asked_so(model: str, both: bool, preferred: bool) -> None:
    assert API.preferred_for(model, reasoning_with_tools=both) is preferred
