"""What a model's files say about it, read without its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from inference.local.gguf_header import Header, read_header
from inference.local.safetensors_header import read_tensors
from inference.local.store.projector import projector_of

CHAT: Final = "chat"
TEXT: Final = "completions"
EMBEDDINGS: Final = "embeddings"
RERANK: Final = "rerank"

_POOLED: Final = {1: EMBEDDINGS, 2: EMBEDDINGS, 3: EMBEDDINGS, 4: RERANK}
"""llama.cpp's numbers: mean, first token, last token, and the classifier of a reranker."""
_ENCODERS: Final = ("bert", "t5encoder", "gemma-embedding", "eurobert")
"""Architectures that write no text, wherever their name has one of these in it."""
_TENSOR_KINDS: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K",
    11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS",
    18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS",
    29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4",
}  # fmt: skip


class UnusableModel(ValueError):
    """The files are no model that can be served; the message says why, for operators."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is not known is None, or empty."""

    context_length: int | None = None
    """Tokens that fit in, prompt and answer together."""
    quantization: str = ""
    """How most of the weights are written, as `Q4_K` or `4 bits`."""
    architecture: str = ""
    parameters: int | None = None
    serves: str = TEXT
    """`chat`, `completions` where there is no chat template, `embeddings` or `rerank`."""
    dimensions: int | None = None
    """Of an embedding."""
    capabilities: tuple[str, ...] = ()
    """`text`, and `tools` and `reasoning` where the chat template knows them; `vision` where a
    projector lies beside the model."""


def read_facts(path: Path) -> FileFacts:
    """Of a GGUF file or an MLX folder. Raises UnusableModel."""
    try:
        mark = (path if path.is_file() else path / "config.json").stat()
    except OSError as error:
        raise UnusableModel(f"{path.name} cannot be read: {error.strerror}.") from error
    sees = path.is_file() and projector_of(path) is not None
    return _facts(path, mark.st_mtime_ns, mark.st_size, sees)


@lru_cache(maxsize=256)
def _facts(path: Path, modified: int, size: int, sees: bool) -> FileFacts:
    """A file is read again only when it is another."""
    if path.is_file():
        try:
            return of_gguf(read_header(path), sees=sees)
        except (OSError, ValueError) as error:
            raise UnusableModel(f"{path.name} is no GGUF file that can be read.") from error
    return _of_folder(path)


def of_gguf(header: Header, *, sees: bool = False) -> FileFacts:
    """`sees`: a projector lies beside the file."""
    architecture = str(header.metadata["general.architecture"])
    template = header.metadata.get("tokenizer.chat_template", "")
    serves = _POOLED.get(header.of_architecture("pooling_type"), "")
    if not serves:
        encodes = any(word in architecture for word in _ENCODERS)
        serves = EMBEDDINGS if encodes else CHAT if template else TEXT
    weights: dict[int, int] = {}
    for tensor in header.tensors:
        weights[tensor.kind] = weights.get(tensor.kind, 0) + tensor.count
    most = max(weights, key=lambda kind: weights[kind], default=-1)
    return FileFacts(
        context_length=header.context_length or None,
        quantization=_TENSOR_KINDS.get(most, ""),
        architecture=architecture,
        parameters=sum(weights.values()) or None,
        serves=serves,
        dimensions=_dimensions(header) if serves == EMBEDDINGS else None,
        capabilities=_capabilities(template, sees=sees) if serves in (CHAT, TEXT) else (),
    )


def _dimensions(header: Header) -> int | None:
    width = header.of_architecture("embedding_length")
    return header.of_architecture("embedding_length_out", width) or None


def _of_folder(folder: Path) -> FileFacts:
    """Of a folder as MLX and the Hugging Face libraries have it."""
    try:
        config = _json(folder / "config.json")
        text = config.get("text_config") or config
        context, packed = text.get("max_position_embeddings"), config.get("quantization")
        template = _template(folder)
        return FileFacts(
            context_length=context if isinstance(context, int) and context > 0 else None,
            quantization=_written(packed, folder),
            architecture=str(config.get("model_type") or ""),
            serves=CHAT if template else TEXT,
            capabilities=_capabilities(template),
        )
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise UnusableModel(f"The config.json of {folder.name} cannot be read.") from error


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _template(folder: Path) -> str:
    own = folder / "chat_template.jinja"
    if own.exists():
        return own.read_text(encoding="utf-8")
    try:
        said = _json(folder / "tokenizer_config.json").get("chat_template")
    except OSError:
        return ""
    # Several of them are a list of names and templates.
    return said if isinstance(said, str) else json.dumps(said) if said else ""


def _written(packed: Any, folder: Path) -> str:
    if isinstance(packed, dict) and packed.get("bits"):
        return f"{packed['bits']} bits"
    sizes: dict[str, int] = {}
    for file in sorted(folder.glob("*.safetensors")):
        for tensor in read_tensors(file):
            sizes[tensor.kind] = sizes.get(tensor.kind, 0) + tensor.size_bytes
    return max(sizes, key=lambda kind: sizes[kind], default="")


def _capabilities(template: str, *, sees: bool = False) -> tuple[str, ...]:
    found = ["text", "vision"] if sees else ["text"]
    if "tools" in template:
        found.append("tools")
    if "<think>" in template or "enable_thinking" in template:
        found.append("reasoning")
    return tuple(found)
