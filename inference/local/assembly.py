"""Puts a loaded model, a generator and a scheduler together. Runs on the thread that owns MLX."""

import argparse
import functools
import itertools
import os
import secrets
from importlib.metadata import version
from typing import Any, Final

from inference.local.batched import BatchedGenerator
from inference.local.batching_gain import LEAST, batching_gain
from inference.local.direct import DirectGenerator
from inference.local.generation import Sampling
from inference.local.generators import Generator, Work
from inference.local.grammar import Grammars
from inference.local.loading import Progress, load, memory_in_use
from inference.local.measured import Measured, mark_of
from inference.local.modes import Modes
from inference.local.prefill_speed import prefill_steps
from inference.local.prefix_cache import PrefixCache
from inference.local.scheduler import Scheduler
from inference.local.service import Service

_GAIN: Final = "batching_gain"


def assemble(options: argparse.Namespace, progress: Progress) -> tuple[Service, dict[str, Any]]:
    """The service of a model that has generated a token, and what to announce about it."""
    loaded = load(options.model_dir, options.name, progress, max_context=options.max_context)
    facts = loaded.facts
    progress("warming up", 0.95)
    # Requests without a seed draw from numbers nobody can guess.
    entropy = itertools.count(secrets.randbits(62))
    prefixes = PrefixCache()
    steps = prefill_steps(loaded.model, facts.prefill)
    batched = functools.partial(
        BatchedGenerator, loaded.model, entropy, steps, options.max_batch, prefixes
    )
    modes = Modes(
        direct=functools.partial(DirectGenerator, loaded.model, entropy, steps.alone, prefixes),
        batched=batched if options.batching else None,
        check=warm_up,
        worth=functools.partial(_worth, Measured(options.measured, options.name, _mark(options))),
    )
    scheduler = Scheduler(
        modes, queue_limit=options.queue_limit, memory=memory_in_use, at_end=prefixes.clear
    )
    ready = {
        "memory_bytes": memory_in_use(),
        "parameters": facts.parameters,
        "context_length": facts.context_length,
    }
    tokenizer = loaded.codec.backend
    grammars = Grammars(tokenizer, facts.vocabulary, facts.end_tokens) if tokenizer else None
    # Answers that no queue has places for would be refused for ever.
    most_choices = min(options.max_batch, 1 + options.queue_limit)
    return Service(scheduler, loaded.codec, facts, grammars, most_choices), ready


def _mark(options: argparse.Namespace) -> str:
    """What decides whether batching pays: the weights, the library, and its BLAS."""
    blas = os.environ.get("LD_PRELOAD", "")
    return mark_of(options.model_dir, version("mlx"), options.max_batch, blas, os.cpu_count())


def _worth(measured: Measured, generator: Generator) -> bool:
    gain = measured.get(_GAIN)
    if gain is None:
        gain = batching_gain(generator)
        measured.put(_GAIN, round(gain, 3))
    return gain >= LEAST


def warm_up(generator: Generator) -> None:
    """Generate one real token on every kind of slot: prompts of two lengths share a batch."""
    prompts = [(0, 1, 2), (0, 1)][: generator.slots]
    wanted = {
        generator.start(Work(prompt, 1, Sampling(temperature=0.0), None, lambda: False))
        for prompt in prompts
    }
    for _ in range(16):
        for drawn in generator.step():
            generator.cancel(drawn.handle)
            wanted.discard(drawn.handle)
        if not wanted:
            return
    raise RuntimeError("the model generated nothing")
