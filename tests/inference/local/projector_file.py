"""Writes a made-up projector for the tiny model: a vision tower of one layer with weights drawn at
random. What the model says of a picture is nonsense, but the picture is read as any other."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from tests.inference.local import gguf_file, tiny_model
from tests.inference.local.gguf_file import ARRAY, BOOL, F32, FLOAT32, STRING, UINT32

WIDTH, HIDDEN, HEADS, IMAGE, PATCH = 32, 64, 2, 32, 8


def write(path: Path) -> None:
    draw = np.random.default_rng(7)

    def drawn(*shape: int) -> Any:
        return (draw.standard_normal(shape) * 0.1).astype("<f4")

    text_width = json.loads((tiny_model.PATH / "config.json").read_text())["hidden_size"]
    tensors: dict[str, Any] = {
        "v.patch_embd.weight": drawn(WIDTH, 3, PATCH, PATCH),
        "v.patch_embd.bias": drawn(WIDTH),
        "v.position_embd.weight": drawn((IMAGE // PATCH) ** 2, WIDTH),
        "v.post_ln.weight": np.ones(WIDTH, "<f4"),
        "v.post_ln.bias": drawn(WIDTH),
        "v.blk.0.ffn_up.weight": drawn(HIDDEN, WIDTH),
        "v.blk.0.ffn_up.bias": drawn(HIDDEN),
        "v.blk.0.ffn_down.weight": drawn(WIDTH, HIDDEN),
        "v.blk.0.ffn_down.bias": drawn(WIDTH),
        "mm.0.weight": drawn(text_width, WIDTH),
        "mm.0.bias": drawn(text_width),
        "mm.2.weight": drawn(text_width, text_width),
        "mm.2.bias": drawn(text_width),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
        tensors[f"v.blk.0.{name}.weight"] = drawn(WIDTH, WIDTH)
        tensors[f"v.blk.0.{name}.bias"] = drawn(WIDTH)
    for name in ("ln1", "ln2"):
        tensors[f"v.blk.0.{name}.weight"] = np.ones(WIDTH, "<f4")
        tensors[f"v.blk.0.{name}.bias"] = drawn(WIDTH)
    half = (ARRAY, (FLOAT32, [0.5, 0.5, 0.5]))
    metadata: dict[str, tuple[int, Any]] = {
        "general.architecture": (STRING, "clip"),
        "general.type": (STRING, "mmproj"),
        "clip.has_vision_encoder": (BOOL, True),
        "clip.projector_type": (STRING, "mlp"),
        "clip.use_gelu": (BOOL, True),
        "clip.vision.image_size": (UINT32, IMAGE),
        "clip.vision.patch_size": (UINT32, PATCH),
        "clip.vision.embedding_length": (UINT32, WIDTH),
        "clip.vision.feed_forward_length": (UINT32, HIDDEN),
        "clip.vision.projection_dim": (UINT32, text_width),
        "clip.vision.block_count": (UINT32, 1),
        "clip.vision.attention.head_count": (UINT32, HEADS),
        "clip.vision.attention.layer_norm_epsilon": (FLOAT32, 1e-6),
        "clip.vision.image_mean": half,
        "clip.vision.image_std": half,
    }
    listed = [(name, array.shape, F32, array.tobytes()) for name, array in tensors.items()]
    path.write_bytes(gguf_file.packed(metadata, listed))


def png(width: int = 32, height: int = 32) -> bytes:
    """A picture whose colours run from one corner to the other."""
    import zlib

    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in (x * 8 % 256, y * 8 % 256, 128))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
