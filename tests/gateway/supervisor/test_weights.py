"""The embedded model is made while something else is done, and failures are said in a sentence."""

import os
from pathlib import Path

import pytest

from gateway.supervisor.progress import Progress
from gateway.supervisor.startup_error import StartupError
from gateway.supervisor.weights import Weights
from inference.local.weights import GGUF_NAME
from tests.support.eventually import eventually


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "0")


def test_what_cannot_be_had_is_told(tmp_path: Path, no_index: None) -> None:
    """At once where it is waited for; later where the service runs already without it."""
    models = tmp_path / "models"
    models.mkdir()
    with Weights(models, ["llama_cpp", "mlx"]) as weights:
        weights.begin()
        with pytest.raises(StartupError, match=r"weights cannot be had.*--no-model"):
            weights.wait(Progress(), "llama_cpp")
    (models / f"{GGUF_NAME}.gguf").touch()
    said: list[str] = []
    with Weights(models, ["llama_cpp", "mlx"]) as weights:
        weights.begin()
        weights.wait(Progress(), "llama_cpp")
        weights.go_on(said.append)
        eventually(lambda: said)
    assert "A model of the profile Light is not there." in said[0]


def test_one_that_is_ended_says_nothing(tmp_path: Path, no_index: None) -> None:
    said: list[str] = []
    with Weights(tmp_path / "models", ["mlx"]) as weights:
        weights.begin()
        weights.go_on(said.append)
    assert said == []
