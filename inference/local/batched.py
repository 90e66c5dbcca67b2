"""Continuous batching: requests join and leave a running batch between two steps."""

from collections.abc import Iterator
from typing import Any

from mlx_lm.generate import BatchGenerator

from inference.local.generators import Drawn, Work
from inference.local.sampling import describe, make_processors, make_sampler


class BatchedGenerator:
    """Up to `slots` requests decoded together, a step at a time.

    `prefill` is the number of prompt tokens read in one step, which is how long a new prompt can
    hold up the answers under way.
    """

    def __init__(self, model: Any, entropy: Iterator[int], prefill: int, slots: int) -> None:
        self.slots = slots
        self._entropy = entropy
        self._works: dict[int, Work] = {}
        self._batch: Any = BatchGenerator(
            model,
            completion_batch_size=slots,
            prefill_batch_size=min(slots, 8),
            prefill_step_size=prefill,
        )

    def start(self, work: Work) -> int:
        """Queue the prompt for the next step."""
        (handle,) = self._batch.insert(
            [list(work.prompt)],
            max_tokens=[work.max_tokens],
            samplers=[make_sampler(work.sampling, next(self._entropy))],
            logits_processors=[make_processors(work.sampling, len(work.prompt))],
        )
        self._works[handle] = work
        return int(handle)

    def step(self) -> list[Drawn]:
        """One token for every answer under way, and one chunk of the prompts still to be read."""
        if not self._works:
            return []
        _, responses = self._batch.next()
        drawn = []
        for response in responses:
            top = self._works[response.uid].top_logprobs
            logprob = None if top is None else describe(response.logprobs, response.token, top)
            drawn.append(Drawn(response.uid, response.token, logprob))
            if response.finish_reason is not None:
                del self._works[response.uid]
        return drawn

    def cancel(self, handle: int) -> None:
        """Take it out of the batch, of the prompts being read, or of those waiting."""
        if self._works.pop(handle, None) is not None:
            self._batch.remove([handle])

    def close(self) -> None:
        """Free the batch."""
        self._batch.remove(list(self._works))
        self._works.clear()
        self._batch.close()
