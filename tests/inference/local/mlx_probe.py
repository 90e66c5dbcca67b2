"""What tests want to know of code that computes with MLX, found out in a process of its own.

`python -m tests.inference.local.mlx_probe NAME` prints what the function returns as JSON. MLX
stays out of the test process, where a fork after its use would hang.
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from inference.local.generation import Sampling
from inference.local.generators import Generator, Work
from tests.inference.local import tiny_model

PREFILL = 32


def ask(name: str) -> Any:
    """Run one probe in a new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.inference.local.mlx_probe", name],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _model() -> Any:
    from mlx_lm.utils import load

    return load(str(tiny_model.PATH))


def _prefixes(most_bytes: int = 2**26) -> Any:
    from inference.local.prefix_cache import PrefixCache

    return PrefixCache(most_bytes)


def _steps() -> Any:
    from inference.local.prefill_speed import PrefillSteps

    return PrefillSteps(PREFILL, PREFILL)


def _works() -> Iterator[Work]:
    """Prompts of several lengths with every kind of sampling."""
    _, tokenizer = _model()
    samplings = [
        Sampling(temperature=0),
        Sampling(temperature=2, seed=1),
        Sampling(temperature=1.5, top_p=0.5, seed=-2),
        Sampling(temperature=0, frequency_penalty=1, presence_penalty=0.5),
        Sampling(temperature=0, logit_bias=((5, 100.0),)),
        Sampling(temperature=2, seed=3, frequency_penalty=-1),
        Sampling(temperature=0),
        Sampling(temperature=1, top_p=0, seed=9),
        Sampling(temperature=0, repetition_penalty=1.8),
        Sampling(temperature=2, seed=5, top_k=6, min_p=0.05, repetition_penalty=0.8),
    ]
    prompts = [tiny_model.ENDLESS_PROMPT, tiny_model.STORY.prompt, "some words " * 40, "x"]
    for i, sampling in enumerate(samplings):
        prompt = tokenizer.encode(prompts[i % len(prompts)] * (1 + i // 4))
        yield Work(tuple(prompt), 24, sampling, 3, lambda: False)


def _run(generator: Generator, works: list[Work]) -> list[list[Any]]:
    """(token, log probability to three digits) of each work, all started at once."""
    results: dict[int, list[Any]] = {generator.start(work): [] for work in works}
    while any(len(result) < 24 for result in results.values()):
        for drawn in generator.step():
            assert drawn.logprob is not None
            results[drawn.handle].append([drawn.token, round(drawn.logprob.logprob, 3)])
    for handle in results:
        generator.cancel(handle)
    return list(results.values())


def direct_and_batched() -> Any:
    """The same works one by one, and all in one batch."""
    from inference.local.batched import BatchedGenerator
    from inference.local.direct import DirectGenerator

    model, _ = _model()
    works = list(_works())
    direct = DirectGenerator(model, itertools.count(), PREFILL, _prefixes())
    batched = BatchedGenerator(model, itertools.count(), _steps(), len(works), _prefixes())
    return {
        "direct": [_run(direct, [work])[0] for work in works],
        "batched": _run(batched, works),
    }


def cancelled_prefill() -> Any:
    """How often a prompt of ten chunks was looked at before it was given up at the third."""
    from inference.local.direct import DirectGenerator

    model, _ = _model()
    looks = itertools.count(1)
    seen = []

    def cancelled() -> bool:
        seen.append(next(looks))
        return seen[-1] >= 3

    generator = DirectGenerator(model, itertools.count(), PREFILL, _prefixes())
    generator.start(Work((5,) * PREFILL * 10, 5, Sampling(), None, cancelled))
    drawn = generator.step()
    again = generator.start(Work((5, 6), 5, Sampling(temperature=0), None, lambda: False))
    return {"looks": len(seen), "drawn": len(drawn), "next": generator.step()[0].handle == again}


def prefill_shares(seconds: float = 0.0) -> Any:
    """Steps until the first token of a long prompt and of a short one that came after it, and of
    an answer under way how many tokens came meanwhile, where each step takes so long."""
    from inference.local.batched import BatchedGenerator

    model, _ = _model()
    clock = itertools.count(0.0, seconds).__next__
    generator = BatchedGenerator(model, itertools.count(), _steps(), 8, _prefixes(), clock)

    def start(length: int) -> int:
        sampling = Sampling(temperature=0)
        return generator.start(Work((5,) * length, 999, sampling, None, lambda: False))

    names = {start(4): "running"}
    first: dict[str, int] = {}
    while "running" not in first:
        first.update({names[drawn.handle]: 0 for drawn in generator.step()})
    names |= {start(PREFILL * 20): "long", start(4): "short"}
    meanwhile = 0
    for step in itertools.count(1):
        for drawn in generator.step():
            first.setdefault(names[drawn.handle], step)
            meanwhile += names[drawn.handle] == "running"
        if "long" in first:
            return {**first, "meanwhile": meanwhile}
    raise AssertionError


def slow_prefill_shares() -> Any:
    """The same where reading so many tokens takes twice the time a step should."""
    return prefill_shares(0.4)


def cancelled_in_batch() -> Any:
    """Cancelling while waiting, being read and decoding; what is left goes on."""
    from inference.local.batched import BatchedGenerator

    model, _ = _model()
    generator = BatchedGenerator(model, itertools.count(), _steps(), 8, _prefixes())
    greedy = Sampling(temperature=0)

    def start(length: int) -> int:
        return generator.start(Work((5,) * length, 99, greedy, None, lambda: False))

    kept, decoding = start(4), start(5)
    for _ in range(3):
        generator.step()
    reading = start(PREFILL * 4)
    generator.step()
    waiting = start(PREFILL * 4)
    for handle in (decoding, reading, waiting, waiting, 12345):
        generator.cancel(handle)
    left = [[drawn.handle for drawn in generator.step()] for _ in range(4)]
    generator.cancel(kept)
    return {"kept": kept, "left": left, "empty": generator.step()}


def left_in_batch() -> Any:
    """Somebody whose prompt is being read leaves, alone and beside another one who stays: how often
    was looked, what an answer under way became, and what the same prompts get afterwards."""
    from inference.local.batched import BatchedGenerator
    from inference.local.direct import DirectGenerator

    model, _ = _model()
    greedy = Sampling(temperature=0)
    answer = Work((5, 6, 7), 12, greedy, 0, lambda: False)
    staying = Work((7,) * PREFILL * 3, 24, greedy, 0, lambda: False)
    prompt = tuple(range(3, 3 + PREFILL * 3))
    again = Work(prompt, 24, greedy, 0, lambda: False)

    def alone(work: Work) -> list[int]:
        generator = DirectGenerator(model, itertools.count(), PREFILL, _prefixes(0))
        generator.start(work)
        return [generator.step()[0].token for _ in range(work.max_tokens)]

    def beside(others: list[Work], patience: int) -> Any:
        generator = BatchedGenerator(model, itertools.count(), _steps(), 8, _prefixes())
        looks = []

        def left() -> bool:
            looks.append(1)
            return len(looks) >= patience

        drawn: dict[int, list[int]] = {generator.start(answer): []}

        def step() -> None:
            for one in generator.step():
                drawn[one.handle].append(one.token)

        while not any(drawn.values()):
            step()
        drawn |= {generator.start(one): [] for one in others}
        reading = generator.start(Work(prompt, 24, greedy, None, left))
        while len(looks) < patience:
            step()
        looked = len(looks)
        step()
        generator.cancel(reading)
        handles = [*drawn, generator.start(again)]
        drawn[handles[-1]] = []
        wanted = [12, *[24] * (len(handles) - 1)]
        while [len(drawn[one]) for one in handles] != wanted:
            step()
        return {"looked": looked, "drawn": [drawn[one] for one in handles]}

    return {
        "each": [alone(one) for one in (answer, staying, again)],
        "alone": beside([], 4),
        "with another": beside([staying], 4),
    }


def prefixes() -> Any:
    """Turns of a chat and a prompt that comes again, one by one and batched, with and without
    room to keep anything: tokens drawn, how many were known, and how many steps it took."""
    from inference.local.batched import BatchedGenerator
    from inference.local.direct import DirectGenerator

    model, tokenizer = _model()
    first = tokenizer.encode("some words of a long story. " * 20)
    turns = [first, first, first + [7] * 40, first[:100] + [9] * 60, [3] * 5]

    def told(make: Callable[[Any], Generator], most_bytes: int) -> list[Any]:
        generator = make(_prefixes(most_bytes))
        result = []
        for turn in turns:
            work = Work(tuple(turn), 8, Sampling(temperature=0), None, lambda: False)
            handle, drawn, steps = generator.start(work), [], 0
            while len(drawn) < 8:
                steps += 1
                drawn += generator.step()
            generator.cancel(handle)
            result.append([[one.token for one in drawn], drawn[0].cached, steps])
        return result

    def direct(kept: Any) -> Generator:
        return DirectGenerator(model, itertools.count(), PREFILL, kept)

    def batched(kept: Any) -> Generator:
        return BatchedGenerator(model, itertools.count(), _steps(), 4, kept)

    return {
        "lengths": [len(turn) for turn in turns],
        "shared": 100,
        "direct": told(direct, 2**26),
        "batched": told(batched, 2**26),
        "without": told(direct, 0),
    }


def prefill_steps() -> Any:
    """The tokens of a step, where each token takes so long, and all of them so long besides."""
    from inference.local import prefill_speed

    def steps(each: float, most: int, once: float = 0.0) -> list[int]:
        return list(prefill_speed.chosen(lambda tokens: once + each * tokens, most)[:2])

    model, _ = _model()
    beside, alone, least = prefill_speed.prefill_steps(model, 256)
    assert 4 <= least <= beside <= alone <= 256
    measured = prefill_speed.PrefillSteps(64, 200, 8)
    return {
        "in time": [
            measured.beside_in_time(tokens, took)
            for tokens, took in ((64, 0.4), (32, 0.2), (32, 0.1), (64, 9.0), (8, 1e-9))
        ],
        "slow": steps(0.08, 256),
        "middling": steps(0.01, 256),
        "quick": steps(1e-6, 256),
        "small most": steps(0.08, 3),
        "slow to begin": steps(0.001, 256, once=0.05),
        "slower to begin": steps(0.004, 256, once=0.2),
    }


def samplers() -> Any:
    """Draws from a known distribution."""
    import mlx.core as mx

    from inference.local.sampling import describe, make_sampler

    logprobs = mx.log(mx.array([[0.5, 0.3, 0.15, 0.05]]))

    def draws(sampling: Sampling, count: int = 300) -> list[int]:
        sample: Any = make_sampler(sampling, entropy=0)
        return [sample(logprobs).tolist()[0] for _ in range(count)]

    entry = describe(logprobs[0], 2, 2)
    return {
        "plain": [draws(Sampling(seed=5)).count(token) / 300 for token in range(4)],
        "nucleus": sorted(set(draws(Sampling(top_p=0.6, seed=5)))),
        "nucleus of none": sorted(set(draws(Sampling(top_p=0, seed=5)))),
        "cold": sorted(set(draws(Sampling(temperature=1e-300, seed=5)))),
        "two": sorted(set(draws(Sampling(top_k=2, seed=5)))),
        "any": [sorted(set(draws(Sampling(top_k=most, seed=5)))) for most in (-1, 0, 4, 10**9)],
        "of the likeliest": sorted(set(draws(Sampling(min_p=0.25, seed=5)))),
        "together": sorted(set(draws(Sampling(top_k=3, min_p=0.01, top_p=0.7, seed=5)))),
        "again": draws(Sampling(seed=7), 40) == draws(Sampling(seed=7), 40),
        "other": draws(Sampling(seed=7), 40) == draws(Sampling(seed=8), 40),
        "described": [entry.token, [other.token for other in entry.top]],
    }


def repetitions() -> Any:
    """Logits of four tokens, of which the prompt had one and the answer another, and the window
    forgets what lies further back."""
    import mlx.core as mx

    from inference.local.sampling import REPETITION_WINDOW, make_processors

    def penalised(prompt: tuple[int, ...], drawn: list[int], seen: int) -> Any:
        work = Work(prompt, 9, Sampling(repetition_penalty=2), None, lambda: False)
        (penalise,) = make_processors(work, seen)
        logits = mx.array([[4.0, -4.0, 2.0, 1.0]])
        shown: Any = penalise(mx.array([*prompt[-seen:], *drawn]), logits)
        return shown.tolist()[0]

    return {
        "batched": penalised((3, 0), [1], 2),
        "direct": penalised((3, 0), [1], 1),
        "prompt alone": penalised((0,), [], 1),
        "forgotten": penalised((0,), [2] * REPETITION_WINDOW, 1),
        "none": len(make_processors(Work((0,), 9, Sampling(), None, lambda: False), 1)),
    }


def row_order() -> Any:
    """A projection with its rotary halves interleaved as GGUF has them, put back."""
    import mlx.core as mx

    from inference.local.convert import restore_row_order
    from inference.local.gguf import Heads

    rows = mx.arange(16).reshape(16, 1)
    interleaved = rows.reshape(2, 2, 4, 1).swapaxes(1, 2).reshape(16, 1)
    tensors = {"blk.0.attn_q.weight": interleaved, "blk.0.attn_v.weight": interleaved}
    restored: Any = restore_row_order(tensors, Heads(2, 1))
    return {
        "q": restored["blk.0.attn_q.weight"].flatten().tolist(),
        "v kept": bool(mx.array_equal(restored["blk.0.attn_v.weight"], interleaved).item()),
    }


PROBES: list[Callable[[], Any]] = [
    direct_and_batched,
    cancelled_prefill,
    prefill_shares,
    slow_prefill_shares,
    cancelled_in_batch,
    left_in_batch,
    prefill_steps,
    prefixes,
    samplers,
    repetitions,
    row_order,
]

if __name__ == "__main__":
    result = {probe.__name__: probe for probe in PROBES}[sys.argv[1]]()
    sys.stdout.write(json.dumps(result))
    import mlx.core as mx

    mx.clear_streams()
