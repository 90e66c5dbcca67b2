"""Long prompts are read in portions, between which others have their turn."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from inference.local.generation import InvalidGeneration
from inference.local.llama_reading import PromptReader

STEP = 64


class Server:
    """Remembers how far each portion went. What it has read so far makes it slow: `slowness` are
    seconds of a token for each token before it."""

    def __init__(self, refuses: bool = False, slowness: float = 0.0) -> None:
        self.read: list[int] = []
        self.now = 0.0
        self._refuses = refuses
        self._slowness = slowness

    def handle_completions(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["max_tokens"] == 0
        assert body["prompt"] == list(range(len(body["prompt"])))
        known = self.read[-1] if self.read else STEP
        self.now += (len(body["prompt"]) - known) * known * self._slowness
        self.read.append(len(body["prompt"]))
        return {"message": "no"} if self._refuses else {"choices": []}


def begun(total: int, cache: int = 0) -> dict[str, int]:
    return {"total": total, "cache": cache, "processed": cache, "time_ms": 0}


def portions(
    total: int,
    cache: int = 0,
    *,
    crowded: Callable[[], bool] = lambda: False,
    left_after: int = 99,
    refuses: bool = False,
) -> list[int]:
    """What is read in portions of a prompt whose first step has begun."""
    server = Server(refuses)
    reading = PromptReader(server, STEP, crowded).reading(lambda: range(total))
    if reading.begins(begun(total, cache)):
        reading.read(lambda: len(server.read) < left_after)
    return server.read


def test_a_step_at_a_time_from_what_is_there_to_the_last() -> None:
    assert portions(300) == [128, 192, 256]
    assert portions(300, cache=100) == [228, 292]


def test_a_short_prompt_and_a_known_one_are_read_in_one_piece() -> None:
    assert portions(128) == []
    assert portions(1000, cache=999) == []


def test_half_as_much_while_others_are_served() -> None:
    others = iter([True, True, False, False, False])
    assert portions(300, crowded=lambda: next(others)) == [96, 128, 192, 256]


def test_less_is_read_beside_others_where_it_takes_longer_than_a_step() -> None:
    """Half a step of 64 tokens takes a fifth of a second when 625 were read before."""
    server = Server(slowness=1e-5)
    reader = PromptReader(server, STEP, lambda: True, lambda: server.now)
    reading = reader.reading(lambda: range(2000))
    assert reading.begins(begun(2000))
    reading.read(lambda: True)
    sizes = [after - before for before, after in pairwise(server.read)]
    assert sizes[:15] == [32] * 15
    assert sizes[-1] == 16, "no less: small portions cost more by the token"
    between = [
        size * before * 1e-5 for size, before in zip(sizes, server.read, strict=False) if size > 16
    ]
    assert max(between) < 0.22


def test_nothing_more_for_who_is_gone() -> None:
    assert portions(1000, left_after=2) == [128, 192]


def test_what_is_refused_is_told_by_the_answer() -> None:
    assert portions(1000, refuses=True) == [128]


def test_other_tokens_than_those_of_llama_cpp_are_not_read() -> None:
    server = Server()
    reading = PromptReader(server, STEP, lambda: False).reading(lambda: range(299))
    assert reading.begins(begun(300))
    reading.read(lambda: True)
    assert server.read == []


def test_a_prompt_that_cannot_be_written_out_is_read_in_one_piece() -> None:
    def refused() -> list[int]:
        raise InvalidGeneration("no")

    server = Server()
    reading = PromptReader(server, STEP, lambda: False).reading(refused)
    assert reading.begins(begun(300))
    reading.read(lambda: True)
    assert server.read == []


@pytest.mark.parametrize(("total", "cached"), [(300, 10), (100, 90)])
def test_portions_do_not_count_as_cached(total: int, cached: int) -> None:
    reading = PromptReader(Server(), STEP, lambda: False).reading(lambda: range(total))
    reading.begins(begun(total, 10))
    usage = {"prompt_tokens_details": {"cached_tokens": 90}}
    reading.mend(usage)
    assert usage["prompt_tokens_details"]["cached_tokens"] == cached
    assert not reading.begins(begun(total, 256)), "the second time it is read to the end"
