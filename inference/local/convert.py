"""Turns a quantised Llama GGUF file into an MLX model folder.

`python -m inference.local.convert FILE.gguf FOLDER f32|q4`, or `MODEL_FOLDER FOLDER f32`: a process
of its own, because MLX must not live in the process of whoever wants the model.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx

from inference.local import gguf

GROUP_SIZE = 32
"""Values per scale in GGUF's Q4_1 and Q8_0 blocks."""

Tensors = dict[str, mx.array]


def convert(source: Path, folder: Path, precision: str) -> None:
    """Write `folder`; `precision` is `f32`, or `q4` for the file's own 4 and 8 bits.

    q4 keeps the scales in 32 bits: half precision is emulated on a CPU, thirty times slower.
    """
    loaded: Any = mx.load(str(source), return_metadata=True)
    tensors, metadata = loaded
    in_order = restore_row_order(tensors, gguf.heads(metadata))
    layers = sorted({name.rpartition(".")[0] for name in in_order})
    weights: Tensors = {}
    quantized: dict[str, dict[str, Any]] = {}
    for layer in layers:
        name = gguf.weight_name(f"{layer}.weight").removesuffix(".weight")
        weight = in_order[f"{layer}.weight"]
        if f"{layer}.scales" not in in_order:
            weights[f"{name}.weight"] = weight.astype(mx.float32)
            continue
        scales = in_order[f"{layer}.scales"].astype(mx.float32)
        biases = in_order[f"{layer}.biases"].astype(mx.float32)
        bits = 32 * weight.shape[-1] // (scales.shape[-1] * GROUP_SIZE)
        if precision == "f32":
            weights[f"{name}.weight"] = mx.dequantize(weight, scales, biases, GROUP_SIZE, bits)
        else:
            weights |= {
                f"{name}.weight": weight,
                f"{name}.scales": scales,
                f"{name}.biases": biases,
            }
            quantized[name] = {"group_size": GROUP_SIZE, "bits": bits}
    tied = "lm_head.weight" not in weights
    config = gguf.model_config(metadata, tied=tied, dtype="float32")
    if quantized:
        config["quantization"] = {"group_size": GROUP_SIZE, "bits": 4, **quantized}
    tokens = metadata["tokenizer.ggml.tokens"]
    types = metadata["tokenizer.ggml.token_type"].tolist()
    folder.mkdir(parents=True)
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    _flush(folder / "model.safetensors")
    merges = metadata["tokenizer.ggml.merges"]
    _write(folder / "tokenizer.json", gguf.tokenizer_json(tokens, merges, types))
    _write(folder / "tokenizer_config.json", gguf.tokenizer_config(metadata, tokens))
    _write(folder / "generation_config.json", gguf.generation_config())
    _write(folder / "config.json", config)


def widen(source: Path, folder: Path) -> None:
    """Write the model folder `source`, whose weights are packed, as `folder` in 32 bits."""
    packed: Any = mx.load(str(source / "model.safetensors"))
    weights: Tensors = {}
    for name, array in packed.items():
        layer, _, own = name.rpartition(".")
        if own in ("scales", "biases") and f"{layer}.scales" in packed:
            continue
        if f"{layer}.scales" in packed:
            scales, biases = packed[f"{layer}.scales"], packed[f"{layer}.biases"]
            bits = 32 * array.shape[-1] // (scales.shape[-1] * GROUP_SIZE)
            array = mx.dequantize(array, scales, biases, GROUP_SIZE, bits)
        weights[name] = array
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config.pop("quantization")
    folder.mkdir(parents=True)
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})
    _flush(folder / "model.safetensors")
    for beside in sorted(source.glob("*.json")):
        if beside.name != "config.json":
            (folder / beside.name).write_bytes(beside.read_bytes())
            _flush(folder / beside.name)
    _write(folder / "config.json", config)


def restore_row_order(tensors: Tensors, count: gguf.Heads) -> Tensors:
    """Undo GGUF's interleaving of the rotary halves, packed rows and their scales alike."""
    result = dict(tensors)
    for name, tensor in tensors.items():
        heads = gguf.permuted_heads(name, count)
        if heads is not None:
            rows = tensor.shape[0]
            halves = tensor.reshape(heads, rows // heads // 2, 2, *tensor.shape[1:])
            result[name] = halves.swapaxes(1, 2).reshape(tensor.shape)
    return result


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _flush(path)


def _flush(path: Path) -> None:
    """On disk before the folder is renamed: a power cut leaves no model of zeros."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


if __name__ == "__main__":
    given, made = Path(sys.argv[1]), Path(sys.argv[2])
    if given.is_dir():
        widen(given, made)
    else:
        convert(given, made, sys.argv[3])
    mx.clear_streams()
