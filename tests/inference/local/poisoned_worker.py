"""A worker whose batch breaks on demand: a request with seed 666 makes the generator's step raise
when it draws its fourth token, with seed 667 its first. Everything else is the real worker."""

from typing import Any

from inference.local import batched, sampling, worker
from inference.local.generation import Sampling

make_sampler = sampling.make_sampler


def make_poisoned(asked: Sampling, entropy: int) -> Any:
    """The sampler of the request, or one that breaks."""
    if asked.seed not in (666, 667):
        return make_sampler(asked, entropy)
    left = 3 if asked.seed == 666 else 0
    sampler: Any = make_sampler(Sampling(temperature=0), entropy)

    def sample(logprobs: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("poison")
        return sampler(logprobs)

    return sample


if __name__ == "__main__":
    setattr(batched, "make_sampler", make_poisoned)  # noqa: B010 - a name it only imports
    worker.main()
