"""Which files under the models directory are models, and whose."""

from pathlib import Path

from inference.local.store.catalog import Catalog


def test_it_works(tmp_path: Path) -> None:
    """A folder with a config.json is MLX's, a GGUF file llama.cpp's."""
    for name in ("apple", "pear", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "apple" / "config.json").touch()
    (tmp_path / "pear" / "mmproj-pear.gguf").touch()
    (tmp_path / "pear" / "pear-Q8_0.gguf").touch()
    (tmp_path / "plum.gguf").touch()
    (tmp_path / "readme.txt").touch()
    (tmp_path / ".hidden.gguf").touch()
    found = Catalog(tmp_path).all()
    assert {name: one.runtime for name, one in found.items()} == {
        "apple": "mlx",
        "pear": "llama_cpp",
        "plum": "llama_cpp",
    }
    assert found["pear"].path.name == "pear-Q8_0.gguf"
    assert Catalog(tmp_path).by_runtime() == {"mlx": ["apple"], "llama_cpp": ["pear", "plum"]}


def test_names_do_not_leave_the_directory(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "out.gguf").touch()
    catalog = Catalog(tmp_path / "inner")
    assert catalog.find("../out") is None
    assert catalog.find("") is None
