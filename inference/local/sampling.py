"""How the next token is drawn from a model's log probabilities, on MLX arrays."""

from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx_lm.sample_utils import apply_min_p, apply_top_k, greedy_sampler, make_repetition_penalty

from inference.local.answer import TokenLogprob
from inference.local.generation import Sampling
from inference.local.generators import Grammar, Work

Sampler = Callable[[mx.array], mx.array]
Processor = Callable[[mx.array, mx.array], mx.array]

GREEDY_BELOW = 1e-4
"""Temperatures under this divide 32-bit numbers into infinities; they mean the likeliest token."""
REPETITION_WINDOW = 64
"""The last tokens, of the prompt and of the answer, that a repetition penalty looks at, as with
llama.cpp."""


def make_sampler(sampling: Sampling, entropy: int) -> Sampler:
    """Rows of log probabilities -> one token per row.

    Each request draws from random numbers of its own, begun from its seed or else from `entropy`,
    so its answer does not depend on who else is in the batch. All greedy requests share one
    sampler, which lets the generator sample their rows at once.
    """
    if sampling.temperature < GREEDY_BELOW:
        return greedy_sampler
    seed = entropy if sampling.seed is None else sampling.seed
    key = mx.random.key(seed % 2**64)
    top_k = sampling.top_k or 0

    def sample(logprobs: mx.array) -> mx.array:
        nonlocal key
        key, now = mx.random.split(key)
        peak = mx.max(logprobs, axis=-1, keepdims=True)
        scaled = (logprobs.astype(mx.float32) - peak) / sampling.temperature
        if sampling.min_p:
            scaled = apply_min_p(scaled, sampling.min_p)
        if 0 < top_k < scaled.shape[-1]:
            scaled = apply_top_k(scaled, top_k)
        if sampling.top_p >= 1:
            return mx.random.categorical(scaled, key=now)
        return _nucleus(scaled, sampling.top_p, now)

    return sample


def _nucleus(scaled: mx.array, top_p: float, key: mx.array) -> mx.array:
    """Draw among the likeliest tokens that together reach `top_p`; always at least one."""
    order = mx.argsort(-scaled, axis=-1)
    ranked = mx.take_along_axis(scaled, order, axis=-1)
    probabilities = mx.softmax(ranked, axis=-1)
    before = mx.cumsum(probabilities, axis=-1) - probabilities
    kept = mx.where(before < max(top_p, 1e-9), ranked, -mx.inf)
    choice = mx.random.categorical(kept, key=key)
    return mx.take_along_axis(order, choice[:, None], axis=-1).squeeze(-1)


def make_processors(work: Work, seen: int) -> list[Processor]:
    """Changes to the logits before they are normalised.

    `seen` tokens of what the processors are shown are the prompt's, or its end. Those count for the
    repetition penalty alone.
    """
    sampling, prompt_tokens = work.sampling, seen
    processors: list[Processor] = []
    if sampling.repetition_penalty not in (None, 1):
        processors.append(_unrepeating(sampling.repetition_penalty, work.prompt, seen))
    if sampling.presence_penalty or sampling.frequency_penalty:

        def penalise(tokens: mx.array, logits: mx.array) -> mx.array:
            drawn = tokens[prompt_tokens:]
            counts = mx.zeros(logits.shape[-1:]).at[drawn].add(1.0)
            penalty = sampling.frequency_penalty * counts
            return logits - penalty - sampling.presence_penalty * (counts > 0)

        processors.append(penalise)
    if sampling.logit_bias:
        tokens = mx.array([token for token, _ in sampling.logit_bias])
        biases = mx.array([bias for _, bias in sampling.logit_bias])

        def shift(_: mx.array, logits: mx.array) -> mx.array:
            return logits.at[:, tokens].add(biases)

        processors.append(shift)
    if work.grammar is not None:
        processors.append(_held_to(work.grammar, prompt_tokens))
    return processors


def _unrepeating(penalty: float, prompt: tuple[int, ...], seen: int) -> Processor:
    window = mx.array(prompt[-REPETITION_WINDOW:], mx.uint32)
    penalise: Processor = make_repetition_penalty(penalty, REPETITION_WINDOW)

    def unrepeat(tokens: mx.array, logits: mx.array) -> mx.array:
        drawn = tokens[seen:].astype(mx.uint32)
        return penalise(mx.concatenate([window, drawn]), logits)

    return unrepeat


def _held_to(grammar: Grammar, prompt_tokens: int) -> Processor:
    """Comes last: no bias makes up for what a schema forbids."""
    seen = prompt_tokens

    def hold(tokens: mx.array, logits: mx.array) -> mx.array:
        nonlocal seen
        drawn: list[int] = tokens[seen:].tolist()  # type: ignore[assignment]
        for token in drawn:
            grammar.advance(token)
        seen = tokens.shape[0]
        allowed: Any = memoryview(grammar.allowed())[: logits.shape[-1]]
        mask = mx.array(allowed) > 0
        return mx.where(mask, logits, -mx.inf)

    return hold


def describe(logprobs: mx.array, token: int, top: int) -> TokenLogprob:
    """The drawn token's log probability and those of the `top` likeliest tokens."""
    likeliest: list[int] = []
    if top:
        some = mx.argpartition(-logprobs, kth=top - 1)[:top]
        likeliest = some[mx.argsort(-logprobs[some])].tolist()  # type: ignore[assignment]
    values: list[float] = logprobs[mx.array([token, *likeliest])].tolist()  # type: ignore[assignment]
    alternatives = zip(likeliest, values[1:], strict=True)
    return TokenLogprob(token, values[0], tuple(TokenLogprob(t, v) for t, v in alternatives))
