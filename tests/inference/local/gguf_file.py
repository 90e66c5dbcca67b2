"""Writes the tiny model as a GGUF file, for the tests of its conversion back.

After the GGUF specification, version 3: header, metadata, tensor table, aligned tensor data. With
quantised weights in Q4_1 blocks: per 32 values a half-precision scale, a half-precision minimum,
and 16 bytes with the first 16 values in the low nibbles, the others in the high ones.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from inference.local import gguf
from tests.inference.local import tiny_model

UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5
F32, Q4_1 = 0, 3
ALIGNMENT = 32


def write(path: Path, *, quantized: bool, pooling: int | None = None) -> None:
    """The tiny model as `path`; `quantized` packs every weight matrix. With `pooling`, a number of
    llama.cpp, it is a model for embeddings or for ranking."""
    config = json.loads((tiny_model.PATH / "config.json").read_text())
    weights = load_file(tiny_model.PATH / "model.safetensors")
    tensors = [_tensor(name, array, config, quantized) for name, array in weights.items()]
    metadata = _metadata(config)
    if pooling is not None:
        metadata["llama.pooling_type"] = (UINT32, pooling)
    path.write_bytes(packed(metadata, tensors))


def packed(
    metadata: dict[str, tuple[int, Any]], tensors: list[tuple[str, tuple[int, ...], int, bytes]]
) -> bytes:
    """A whole file."""
    out = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)))
    for key, (kind, value) in metadata.items():
        out += _string(key) + struct.pack("<I", kind) + _value(kind, value)
    offset = 0
    for name, shape, kind, data in tensors:
        out += _string(name) + struct.pack("<I", len(shape))
        out += struct.pack(f"<{len(shape)}Q", *reversed(shape))
        out += struct.pack("<IQ", kind, offset)
        offset += len(data) + _padding(len(data))
    out += bytes(_padding(len(out)))
    for _, _, _, data in tensors:
        out += data + bytes(_padding(len(data)))
    return bytes(out)


def _tensor(
    name: str, array: Any, config: dict[str, Any], quantized: bool
) -> tuple[str, tuple[int, ...], int, bytes]:
    """Name, shape, type and bytes, with the rotary rows of q and k in GGUF's order."""
    blocks = {value: key for key, value in gguf.BLOCK_NAMES.items()}
    tops = {value: key for key, value in gguf.TOP_NAMES.items()}
    layer = name.removesuffix(".weight")
    if layer.startswith("model.layers."):
        number, _, rest = layer.removeprefix("model.layers.").partition(".")
        short = f"blk.{number}.{blocks[rest]}"
    else:
        short = tops[layer]
    heads = {"q": config["num_attention_heads"], "k": config["num_key_value_heads"]}
    for letter, count in heads.items():
        if layer.endswith(f"self_attn.{letter}_proj"):
            halves = array.reshape(count, 2, array.shape[0] // count // 2, -1)
            array = halves.swapaxes(1, 2).reshape(array.shape)
    if quantized and array.ndim == 2:
        return f"{short}.weight", array.shape, Q4_1, _pack(array)
    return f"{short}.weight", array.shape, F32, array.astype("<f4").tobytes()


def _pack(array: Any) -> bytes:
    """Q4_1 blocks."""
    groups = array.reshape(-1, 32)
    low = groups.min(axis=1).astype("<f2")
    scale = ((groups.max(axis=1) - low) / 15).astype("<f2")
    steps = np.where(scale == 0, 1, scale).astype("f4")[:, None]
    values = np.clip(np.round((groups - low[:, None]) / steps), 0, 15).astype("u1")
    packed = values[:, :16] | (values[:, 16:] << 4)
    rows = zip(scale, low, packed, strict=True)
    return b"".join(s.tobytes() + m.tobytes() + nibbles.tobytes() for s, m, nibbles in rows)


def _metadata(config: dict[str, Any]) -> dict[str, tuple[int, Any]]:
    tokenizer = json.loads((tiny_model.PATH / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    tokens = sorted(vocabulary, key=lambda token: int(vocabulary[token]))
    merges = [
        merge if isinstance(merge, str) else " ".join(merge)
        for merge in tokenizer["model"]["merges"]
    ]
    special = {entry["content"] for entry in tokenizer["added_tokens"]}
    return {
        "general.architecture": (STRING, "llama"),
        "llama.context_length": (UINT32, config["max_position_embeddings"]),
        "llama.embedding_length": (UINT32, config["hidden_size"]),
        "llama.block_count": (UINT32, config["num_hidden_layers"]),
        "llama.feed_forward_length": (UINT32, config["intermediate_size"]),
        "llama.attention.head_count": (UINT32, config["num_attention_heads"]),
        "llama.attention.head_count_kv": (UINT32, config["num_key_value_heads"]),
        "llama.attention.layer_norm_rms_epsilon": (FLOAT32, config["rms_norm_eps"]),
        "llama.rope.freq_base": (FLOAT32, config["rope_theta"]),
        "llama.vocab_size": (UINT32, config["vocab_size"]),
        "tokenizer.ggml.model": (STRING, "gpt2"),
        "tokenizer.ggml.pre": (STRING, "smollm"),
        "tokenizer.ggml.add_bos_token": (BOOL, False),
        "tokenizer.ggml.tokens": (ARRAY, (STRING, tokens)),
        "tokenizer.ggml.merges": (ARRAY, (STRING, merges)),
        "tokenizer.ggml.token_type": (
            ARRAY,
            (INT32, [3 if token in special else 1 for token in tokens]),
        ),
        "tokenizer.ggml.bos_token_id": (UINT32, 1),
        "tokenizer.ggml.eos_token_id": (UINT32, 2),
        "tokenizer.ggml.padding_token_id": (UINT32, 0),
        "tokenizer.ggml.unknown_token_id": (UINT32, 0),
        "tokenizer.chat_template": (
            STRING,
            (tiny_model.PATH / "chat_template.jinja").read_text(),
        ),
    }


def _value(kind: int, value: Any) -> bytes:
    if kind == STRING:
        return _string(value)
    if kind == ARRAY:
        item, items = value
        head = struct.pack("<IQ", item, len(items))
        return head + b"".join(_value(item, each) for each in items)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _padding(size: int) -> int:
    return -size % ALIGNMENT
