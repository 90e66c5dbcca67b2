"""Reading a model folder into memory, and what is known about the model then."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.utils import load_model, load_tokenizer

from inference.local.codec import Codec
from inference.local.generation import Sampling
from inference.local.memory import resident_memory

Progress = Callable[[str, float], None]

PREFILL_ON_CPU = 256
PREFILL_ON_GPU = 2048
"""Prompt tokens read in one step at most; `prefill_speed` measures how many it shall be."""

CONTEXT_UNKNOWN = 8192


@dataclass(frozen=True)
class Facts:
    """What does not change while a model is loaded."""

    name: str
    context_length: int
    vocabulary: int
    parameters: int
    end_tokens: frozenset[int]
    defaults: Sampling
    prefill: int


@dataclass(frozen=True)
class Loaded:
    """A model in memory. `model` belongs to the thread that loaded it."""

    model: Any
    codec: Codec
    facts: Facts


def load(folder: Path, name: str, progress: Progress, *, max_context: int | None = None) -> Loaded:
    """Read the folder; `progress(step, fraction of the whole)`.

    Code that comes with a model is never run. Raises whatever a broken folder makes MLX raise.
    """
    progress("reading the tokenizer", 0.0)
    on_cpu = mx.default_device() == mx.Device(mx.cpu)
    model, config = load_model(folder, lazy=True)
    read_tokenizer: Any = load_tokenizer
    tokenizer = read_tokenizer(folder, eos_token_ids=config.get("eos_token_id"))
    if on_cpu:
        # Half precision is emulated on a CPU, some thirty times slower.
        model.set_dtype(mx.float32)
    _read_weights(model, progress)
    text_config = config.get("text_config") or config
    context = text_config.get("max_position_embeddings") or CONTEXT_UNKNOWN
    facts = Facts(
        name=name,
        context_length=min(context, max_context or context),
        vocabulary=text_config.get("vocab_size") or len(tokenizer),
        parameters=count_parameters(model),
        end_tokens=frozenset(tokenizer.eos_token_ids),
        defaults=default_sampling(folder),
        prefill=PREFILL_ON_CPU if on_cpu else PREFILL_ON_GPU,
    )
    return Loaded(model, Codec(tokenizer), facts)


def _read_weights(model: Any, progress: Progress) -> None:
    """Weights are read when first computed with: do that now, an array at a time."""
    leaves: Any = tree_flatten(model.parameters())
    arrays = [array for _, array in leaves]
    total = sum(array.nbytes for array in arrays) or 1
    done = 0
    for array in arrays:
        mx.eval(array)
        before, done = done, done + array.nbytes
        if done * 20 // total > before * 20 // total:
            progress("reading the weights", 0.1 + 0.8 * done / total)


def count_parameters(model: Any) -> int:
    """Weights as the model's authors count them: a packed one counts for all it holds."""
    total = 0
    for _, module in model.named_modules():
        own = {k: v for k, v in module.items() if isinstance(v, mx.array)}
        packed = "scales" in own and "weight" in own
        for key, array in own.items():
            if packed and key == "weight":
                total += array.size * 32 // module.bits
            elif not (packed and key in ("scales", "biases")):
                total += array.size
    return total


def default_sampling(folder: Path) -> Sampling:
    """What the model's authors recommend, for requests that ask for nothing."""
    try:
        config = json.loads((folder / "generation_config.json").read_text())
    except (OSError, ValueError):
        return Sampling()
    if config.get("do_sample") is False:
        return Sampling(temperature=0.0)
    given = {key: config.get(key) for key in ("temperature", "top_p")}
    kept: dict[str, Any] = {k: float(v) for k, v in given.items() if isinstance(v, int | float)}
    return replace(Sampling(), **kept)


def memory_in_use() -> int:
    """Bytes this process takes: all of it where the system tells, else MLX's own count."""
    return resident_memory() or mx.get_active_memory() + mx.get_cache_memory()
