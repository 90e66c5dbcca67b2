"""Continuous batching: requests join and leave a running batch between two steps."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx_lm.generate import BatchGenerator

from inference.local.generators import Drawn, Work
from inference.local.layerwise import LayerwiseModel
from inference.local.prefill_speed import PrefillSteps
from inference.local.prefix_cache import PrefixCache, ReadPrefix
from inference.local.sampling import describe, make_processors, make_sampler


@dataclass(eq=False)
class _Sequence:
    """One request in here. `uid` is the batch's number for it, once it is in the batch."""

    handle: int
    work: Work
    prefix: ReadPrefix
    uid: int | None = None
    reading: bool = True


class BatchedGenerator:
    """Up to `slots` requests decoded together, a step at a time.

    A step also reads some of the new prompts, at most about `prefill` tokens in all, because the
    answers under way wait for that. Where several are read, one takes at most half of it, so that
    short prompts pass by a long one. It stops within a layer of the model when nobody waits for
    any of them.
    """

    def __init__(
        self,
        model: Any,
        entropy: Iterator[int],
        prefill: PrefillSteps,
        slots: int,
        prefixes: PrefixCache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slots = slots
        self._clock = clock
        self._prefixes = prefixes
        self._entropy = entropy
        self._prefill = prefill
        self._beside = prefill.beside
        """Tokens that the next step reads beside answers."""
        self._handles = 0
        self._sequences: dict[int, _Sequence] = {}
        self._waiting: deque[_Sequence] = deque()
        self._by_uid: dict[int, _Sequence] = {}
        self._model = LayerwiseModel(model, self._no_reader_waits)
        self._batch: Any = BatchGenerator(
            self._model,
            completion_batch_size=slots,
            prefill_batch_size=slots,
            prefill_step_size=prefill.alone,
        )

    def start(self, work: Work) -> int:
        """Queue the prompt; it is read in the next steps."""
        self._handles += 1
        sequence = _Sequence(self._handles, work, self._prefixes.find(work.prompt))
        self._sequences[sequence.handle] = sequence
        self._waiting.append(sequence)
        return sequence.handle

    def step(self) -> list[Drawn]:
        """One token for every answer under way, and one chunk of the prompts still to be read."""
        if not self._sequences:
            return []
        self._join()
        began = self._clock()
        prompts, responses = self._batch.next()
        if prompts and responses and not any(prompt.end_of_prompt for prompt in prompts):
            took = self._clock() - began
            self._beside = self._prefill.beside_in_time(self._beside, took)
        for prompt in prompts:
            self._by_uid[prompt.uid].work.cancelled()  # a look, which says that it gets on
            if prompt.end_of_prompt:
                self._by_uid[prompt.uid].reading = False
        if self._model.gave_up:
            self._drop_reading()
        return [self._drawn(response) for response in responses]

    def cancel(self, handle: int) -> None:
        """Take it out of the batch, of the prompts being read, or of those waiting."""
        sequence = self._sequences.pop(handle, None)
        if sequence is None:
            return
        if sequence.uid is None:
            self._waiting.remove(sequence)
        elif self._by_uid.pop(sequence.uid, None):
            left = self._batch.remove([sequence.uid], return_prompt_caches=True)
            for cache, tokens in left.values():
                self._prefixes.keep(tokens, cache)
        if not self._sequences:
            mx.clear_cache()

    def close(self) -> None:
        """Free the batch."""
        for handle in list(self._sequences):
            self.cancel(handle)
        self._batch.close()

    def _join(self) -> None:
        """Let waiting prompts into the batch while one step can read a chunk of all of them."""
        readers = [each for each in self._by_uid.values() if each.reading]
        drawing = len(readers) < len(self._by_uid)
        most = self._beside if drawing else self._prefill.alone
        chunk = most if len(readers) + len(self._waiting) == 1 else max(1, most // 2)
        lengths = [self._length(each, chunk) for each in readers]
        while self._waiting:
            lengths.append(self._length(self._waiting[0], chunk))
            # Prompts read together are padded to the longest.
            if len(lengths) > 1 and len(lengths) * max(lengths) > most:
                break
            self._insert(self._waiting.popleft())
        self._batch.prefill_step_size = chunk

    def _no_reader_waits(self) -> bool:
        return all(each.work.cancelled() for each in self._by_uid.values() if each.reading)

    def _drop_reading(self) -> None:
        """Those whose reading was given up have nothing to keep; `cancel` finds them gone."""
        left = [uid for uid, each in self._by_uid.items() if each.reading]
        self._batch.remove(left)
        for uid in left:
            del self._by_uid[uid]
        self._model.gave_up = False

    def _length(self, sequence: _Sequence, chunk: int) -> int:
        return min(len(sequence.work.prompt) - sequence.prefix.tokens, chunk)

    def _insert(self, sequence: _Sequence) -> None:
        work, known = sequence.work, sequence.prefix
        sequence.prefix = ReadPrefix(known.tokens)
        (uid,) = self._batch.insert(
            [list(work.prompt[known.tokens :])],
            max_tokens=[work.max_tokens],
            caches=[known.cache],
            all_tokens=[list(work.prompt[: known.tokens])],
            samplers=[make_sampler(work.sampling, next(self._entropy))],
            logits_processors=[make_processors(work, len(work.prompt))],
        )
        sequence.uid = uid
        self._by_uid[uid] = sequence

    def _drawn(self, response: Any) -> Drawn:
        sequence = self._by_uid[response.uid]
        if response.finish_reason is not None:
            # The batch has let go of it already.
            del self._by_uid[response.uid]
            self._prefixes.keep(response.all_tokens, response.prompt_cache)
        top = sequence.work.top_logprobs
        logprob = None if top is None else describe(response.logprobs, response.token, top)
        return Drawn(sequence.handle, response.token, logprob, sequence.prefix.tokens)
