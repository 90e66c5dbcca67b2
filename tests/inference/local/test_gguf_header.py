"""What a GGUF file says of itself, and how much memory that means."""

from pathlib import Path

import pytest

from inference.local.gguf_header import NotGguf, read_header
from inference.local.half import write_half
from inference.local.llama_sizes import cache_tokens, first_step, memory_bytes
from tests.inference.local import gguf_file


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    gguf_file.write(path, quantized=True)
    return path


def test_it_works(tiny: Path) -> None:
    header = read_header(tiny)
    assert header.metadata["general.architecture"] == "llama"
    assert header.context_length > 0
    heads = header.of_architecture("attention.head_count")
    width = header.of_architecture("embedding_length") // heads
    shared = header.of_architecture("attention.head_count_kv")
    layers = header.of_architecture("block_count")
    assert header.cache_bytes_per_token == layers * shared * 2 * width * 2


def test_sizes_follow_the_model(tiny: Path) -> None:
    header = read_header(tiny)
    assert cache_tokens(header, 100, 8) == 800
    assert memory_bytes(header, 1000) > 1000
    assert first_step(header, 2) == 512


def test_half_precision_keeps_the_rest(tiny: Path, tmp_path: Path) -> None:
    target = tmp_path / "half.gguf"
    write_half(tiny, target, {"temp": 0.5})
    before, after = read_header(tiny), read_header(target)
    assert after.metadata == {**before.metadata, "general.sampling.temp": 0.5}
    assert [one.name for one in after.tensors] == [one.name for one in before.tensors]
    assert {one.kind for one in after.tensors} == {0, 1}


@pytest.mark.parametrize("size", [0, 3, 4, 20, 100, 2000])
def test_a_broken_file_is_said_so(tiny: Path, size: int) -> None:
    tiny.write_bytes(tiny.read_bytes()[:size])
    with pytest.raises(NotGguf):
        read_header(tiny)
