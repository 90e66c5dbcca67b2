"""`manage.py models`, over a folder and a database of their own."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from governance import services
from governance.defaults import load_embedded_defaults
from governance.models import Provider, Revision, RoutingTarget
from tests.inference.local import gguf_file, tiny_model

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings: Settings, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    settings.DATA_DIR = tmp_path
    settings.ENGINE_SOCKET = str(tmp_path / "none.sock")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    gguf_file.write(path, quantized=True)
    return path


def models(*words: object) -> str:
    out = StringIO()
    call_command("models", *map(str, words), stdout=out)
    return out.getvalue()


def test_it_works(tiny: Path) -> None:
    """Added, listed with what its file says, made the default, removed."""
    load_embedded_defaults(runtimes=["llama_cpp", "mlx"])
    assert "There are no local models" in models("list")
    assert "as llama-cpp/tiny" in models("add", tiny)
    models("add", tiny_model.PATH, "--name", "for-mlx")
    head, first, second = models("list").splitlines()
    assert head.startswith("NAME")
    assert first.split()[:2] == ["for-mlx", "mlx"]
    assert "Q4_1" in second
    assert "8192" in second
    assert "chat tools" in second
    models("default", "tiny")
    assert Provider.objects.get(name="llama-cpp").default_model == "tiny"
    assert "default" in models("list").splitlines()[2]
    assert "choose" in models("remove", "tiny")
    assert "tiny " not in models("list")


def test_the_default_is_what_profiles_ask_for_too() -> None:
    """Those that named the default before; what else they name stays, and other providers'."""
    load_embedded_defaults(runtimes=["llama_cpp", "mlx"])
    before = Provider.objects.get(name="llama-cpp").default_model
    version = Revision.objects.count()
    done = services.make_default_model("llama-cpp", "other", who="t")
    assert len(done) == 2
    assert "Light" in done[1]
    assert Revision.objects.count() == version + 2
    targets = dict(RoutingTarget.objects.values_list("provider", "model"))
    assert targets["llama-cpp"] == "other"
    assert targets["mlx"] not in ("other", before)
    assert "already" in services.make_default_model("llama-cpp", "other", who="t")[0]


def test_a_model_that_writes_no_text_is_no_default(tmp_path: Path) -> None:
    load_embedded_defaults(runtimes=["llama_cpp"])
    path = tmp_path / "embed.gguf"
    gguf_file.write(path, quantized=False, pooling=1)
    models("add", path)
    with pytest.raises(CommandError, match="writes no text"):
        models("default", "embed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "/nowhere/model.gguf"), "nothing at"),
        (("add", "hub:nonsense"), "no repository"),
        (("add", "pypi:nonsense"), "no package with a version"),
        (("remove", "none"), "no model none"),
        (("default", "none"), "no model none"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        models(*words)
