"""What tokens cost by fixed prices, in whole numbers: exact, and much faster than decimal ones.

The price of each class of tokens is a fraction; over one denominator for all of them the cost of a
request is a sum of whole numbers and one division, which gives the same double as the decimals do.
"""

from __future__ import annotations

from decimal import Decimal
from math import lcm
from typing import Final

from governance.interactions.record import AppliedPrice, Usage

PER: Final = 1_000_000
"""Tokens that prices are of."""


class FixedPrices:
    """Of one model whose prices are the same however long the prompt is."""

    __slots__ = (
        "_cache_written",
        "_cached",
        "_completion",
        "_denominator",
        "_prompt",
        "_reasoning",
        "_request",
        "applied",
    )

    def __init__(
        self,
        applied: AppliedPrice,
        tokens: tuple[Decimal, Decimal, Decimal, Decimal, Decimal],
        request: Decimal,
    ) -> None:
        """`tokens` are of the prompt, the answer, what is read from a cache and written to it, and
        reasoning."""
        self.applied = applied
        """What records keep of them."""
        ratios = [one.as_integer_ratio() for one in (*tokens, request)]
        common = lcm(*(below for _, below in ratios))
        whole = [above * (common // below) for above, below in ratios]
        self._prompt, self._completion, self._cached, self._cache_written, self._reasoning = whole[
            :5
        ]
        self._request = whole[5] * PER
        self._denominator = common * PER

    def cost(self, usage: Usage) -> float:
        """US dollars for one request that used nothing beside tokens."""
        prompt, completion = usage.prompt, usage.completion
        if not (usage.cached or usage.cache_written or usage.reasoning):
            return self.of_tokens(prompt, completion)
        cached, written = usage.cached, usage.cache_written
        thought = min(usage.reasoning, completion)
        return (
            max(0, prompt - cached - written) * self._prompt
            + (completion - thought) * self._completion
            + cached * self._cached
            + written * self._cache_written
            + thought * self._reasoning
            + self._request
        ) / self._denominator

    def of_tokens(self, prompt: int, completion: int) -> float:
        """Of so many, none of which was cached or is reasoning."""
        return (
            prompt * self._prompt + completion * self._completion + self._request
        ) / self._denominator
