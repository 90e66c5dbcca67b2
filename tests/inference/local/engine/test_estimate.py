"""What a model will take, told from real and from broken weight files."""

import json
from pathlib import Path

from inference.local.engine.estimate import weights_bytes
from tests.inference.local import tiny_model


def write(file: Path, **tensors: tuple[str, int]) -> None:
    """A safetensors file without data: the header is all that is read."""
    header: dict[str, object] = {"__metadata__": {"format": "mlx"}}
    at = 0
    for name, (dtype, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": [size], "data_offsets": [at, at + size]}
        at += size
    data = json.dumps(header).encode()
    file.write_bytes(len(data).to_bytes(8, "little") + data)


def test_it_works_for_a_real_model() -> None:
    """Four bytes for each of its parameters."""
    assert weights_bytes(tiny_model.PATH) == 99_648 * 4


def test_half_precision_counts_double_where_it_is_widened(tmp_path: Path) -> None:
    """Packed four-bit weights stay as they are; shards add up."""
    write(tmp_path / "model-1.safetensors", weight=("U32", 800), scales=("F16", 100))
    write(tmp_path / "model-2.safetensors", norm=("BF16", 10), bias=("F32", 4))
    assert weights_bytes(tmp_path, widened=True) == 800 + 200 + 20 + 4
    assert weights_bytes(tmp_path, widened=False) == 914


def test_without_readable_weights_the_size_of_the_files_counts(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    assert weights_bytes(tmp_path) == 2
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 100)
    assert weights_bytes(tmp_path) == 102
    (tmp_path / "model.safetensors").write_bytes((4).to_bytes(8, "little") + b"[{}]")
    assert weights_bytes(tmp_path) == 14
