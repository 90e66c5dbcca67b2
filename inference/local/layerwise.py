"""Reading a prompt layer by layer, so that a caller who leaves is noticed within one of them.

MLX computes when it is asked for a value, and then all that the value needs: nothing ends that
early. A layer is the smallest part of a chunk of a prompt that can be asked for by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache


def compute_layers(cache: list[Any], everybody_left: Callable[[], bool]) -> bool:
    """What a chunk puts into the cache, a layer at a time. False: it was given up on the way, and
    the cache is of no more use."""
    for layer in cache:
        mx.eval(layer.state)
        if everybody_left():
            return False
    return True


class LayerwiseModel:
    """What mlx-lm's `BatchGenerator` is given for the model: it gives a chunk of the prompts up
    when everybody who waits for them has left."""

    def __init__(self, model: Any, everybody_left: Callable[[], bool]) -> None:
        self._model = model
        self._everybody_left = everybody_left
        self.gave_up = False
        """The prompts that were being read have lost their caches."""

    def make_cache(self) -> list[Any]:
        """mlx-lm asks this of what it takes for a model."""
        made: list[Any] = make_prompt_cache(self._model)
        return made

    def __call__(self, tokens: mx.array, cache: list[Any]) -> mx.array:
        logits: mx.array = self._model(tokens, cache=cache)
        # A step of drawing has one token of each, and is over before it could be given up.
        if tokens.shape[1] > 1 and not compute_layers(cache, self._everybody_left):
            self.gave_up = True
            # The batch computes all that its cache holds next, which would be the other layers.
            cache.clear()
        return logits
