"""What files say of themselves before anything is loaded."""

import json
from pathlib import Path

import pytest

from inference.local.store.facts import UnusableModel, read_facts
from tests.inference.local import gguf_file, tiny_model


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_file.write(path, quantized=True)
    facts = read_facts(path)
    assert facts.context_length == tiny_model.CONTEXT_LENGTH
    assert (facts.quantization, facts.architecture, facts.serves) == ("Q4_1", "llama", "chat")
    assert facts.parameters is not None
    assert 50_000 < facts.parameters < 200_000
    assert facts.capabilities == ("text", "tools")
    gguf_file.write(path, quantized=False)
    assert read_facts(path).quantization == "F32", "another file of the same name is read anew"


def test_an_mlx_folder() -> None:
    facts = read_facts(tiny_model.PATH)
    assert facts.context_length == tiny_model.CONTEXT_LENGTH
    assert (facts.quantization, facts.architecture, facts.serves) == ("F32", "llama", "chat")


def test_a_folder_of_another_kind_of_weights(tmp_path: Path) -> None:
    config = {"model_type": "qwen3", "quantization": {"bits": 4, "group_size": 64}}
    (tmp_path / "config.json").write_text(
        json.dumps({**config, "text_config": {"max_position_embeddings": 512}})
    )
    facts = read_facts(tmp_path)
    assert (facts.context_length, facts.quantization, facts.serves) == (
        512,
        "4 bits",
        "completions",
    )


@pytest.mark.parametrize(
    ("pooling", "serves"), [(1, "embeddings"), (3, "embeddings"), (4, "rerank")]
)
def test_a_model_that_pools_writes_no_text(tmp_path: Path, pooling: int, serves: str) -> None:
    path = tmp_path / "pooled.gguf"
    gguf_file.write(path, quantized=False, pooling=pooling)
    facts = read_facts(path)
    assert facts.serves == serves
    assert facts.capabilities == ()
    assert facts.dimensions == (32 if serves == "embeddings" else None) or facts.dimensions


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model", b"GGUF" + b"\xff" * 60])
def test_what_is_no_model_is_said_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(UnusableModel, match=r"x\.gguf is no GGUF file"):
        read_facts(path)
    with pytest.raises(UnusableModel, match="cannot be read"):
        read_facts(tmp_path / "none")
    (tmp_path / "config.json").write_bytes(b"[1]")
    with pytest.raises(UnusableModel, match=r"config\.json"):
        read_facts(tmp_path)
