"""Which file beside a model reads its images."""

from pathlib import Path

import pytest

from inference.local.store.catalog import Catalog
from inference.local.store.errors import CannotAdd
from inference.local.store.files import belonging, of_disk
from inference.local.store.projector import chosen, is_projector, projector_of
from tests.inference.local import gguf_file, projector_file


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder / names[0]


def test_it_works(tmp_path: Path) -> None:
    model = made(tmp_path, "pear-Q8_0.gguf", "mmproj-pear-f16.gguf")
    assert projector_of(model) == tmp_path / "mmproj-pear-f16.gguf"
    assert is_projector("a/Qwen-mmproj-F16.GGUF")
    assert not is_projector("mmproj.txt")


def test_among_several_models_it_is_named_after_its_own(tmp_path: Path) -> None:
    pear = made(tmp_path, "pear.gguf", "plum.gguf", "mmproj-plum.gguf")
    assert projector_of(pear) is None
    assert projector_of(tmp_path / "plum.gguf") == tmp_path / "mmproj-plum.gguf"


def test_parts_of_a_model_are_no_other_models(tmp_path: Path) -> None:
    first = made(tmp_path, "a-00001-of-00002.gguf", "a-00002-of-00002.gguf", "mmproj-x.gguf")
    assert projector_of(first) == tmp_path / "mmproj-x.gguf"


def test_of_several_precisions_16_bits_are_taken() -> None:
    assert chosen(["mmproj-BF16.gguf", "mmproj-F32.gguf", "mmproj-F16.gguf"]) == "mmproj-F16.gguf"
    assert chosen(["model.gguf"]) is None
    assert belonging(["m.gguf", "mmproj-F32.gguf", "readme.md"]) == ["m.gguf", "mmproj-F32.gguf"]


def test_it_counts_as_part_of_its_model_and_is_none_itself(tmp_path: Path) -> None:
    (tmp_path / "plum.gguf").write_bytes(b"12")
    (tmp_path / "mmproj-plum.gguf").write_bytes(b"345")
    found = Catalog(tmp_path).find("plum")
    assert found is not None
    assert found.size_bytes == 5
    assert Catalog(tmp_path).find("mmproj-plum") is None


def test_what_is_no_projector_is_refused_by_name(tmp_path: Path) -> None:
    gguf_file.write(tmp_path / "tiny.gguf", quantized=False)
    projector_file.write(tmp_path / "eyes.gguf")
    names = [one.name for one in of_disk(tmp_path / "tiny.gguf", tmp_path / "eyes.gguf")]
    assert names == ["tiny.gguf", "mmproj-eyes.gguf"]
    with pytest.raises(CannotAdd, match=r"tiny\.gguf is no projector: its architecture is llama"):
        of_disk(tmp_path / "tiny.gguf", tmp_path / "tiny.gguf")
    with pytest.raises(CannotAdd, match="no GGUF file"):
        of_disk(tmp_path / "tiny.gguf", tmp_path / "nothing.gguf")
