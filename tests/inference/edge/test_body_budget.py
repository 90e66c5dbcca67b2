"""What is held of bodies stays within bounds, and those who wait are let in or told."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.dispatch.large_bodies import LARGE
from inference.edge.body_budget import BodyBudget, HeldBody, NoRoom


def budget(total: int = 100, per_key: int = 60, **more) -> BodyBudget:
    return BodyBudget(asyncio.get_running_loop(), total=total, per_key=per_key, **more)


async def test_all_together_and_each_key_are_bounded() -> None:
    held = budget()
    assert held.take("a", 60)
    assert not held.take("a", 1)
    assert not held.take("b", 41)
    assert held.take("b", 40)
    held.give("a", 60)
    assert held.take("c", 60)
    assert held.used == 100


async def test_who_waits_is_let_in_when_there_is_room_and_the_first_first() -> None:
    held, order = budget(), []
    held.take("a", 60)
    held.take("b", 40)

    async def want(key: str, size: int) -> None:
        await held.make_room(key, size)
        order.append(key)

    tasks = [asyncio.create_task(want(key, size)) for key, size in (("c", 50), ("d", 60))]
    await asyncio.sleep(0)
    held.give("a", 60)
    await asyncio.sleep(0)
    assert order == ["c"]
    held.give("b", 40)
    held.give("c", 50)
    await asyncio.gather(*tasks)
    assert order == ["c", "d"]
    assert held.used == 60


async def test_one_for_whom_there_is_no_room_holds_up_nobody() -> None:
    held = budget()
    held.take("a", 60)
    held.take("b", 30)
    large = asyncio.create_task(held.make_room("b", 60))
    small = asyncio.create_task(held.make_room("c", 20))
    await asyncio.sleep(0)
    held.give("a", 50)
    await small
    assert not large.done()
    large.cancel()
    await asyncio.gather(large, return_exceptions=True)
    assert held.used == 60


async def test_who_waits_too_long_is_told() -> None:
    held = budget(patience=0.02)
    held.take("a", 60)
    with pytest.raises(NoRoom):
        await held.make_room("a", 10)
    with pytest.raises(NoRoom):
        await held.make_room("b", 61)
    assert held.used == 60


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 50), st.integers(0, 3)), max_size=30)
)
def test_nothing_is_lost_however_callers_come_and_leave(steps) -> None:
    async def run() -> None:
        held = budget(patience=0.0005)
        tasks = []

        async def one(key: str, size: int, what: int) -> None:
            body = HeldBody(held)
            try:
                await body.hold(key, size)
                await body.resize(size + what)
                await asyncio.sleep(0)
                assert held.used <= held.total
            except NoRoom:
                pass
            finally:
                body.release()

        for key, size, what in steps:
            tasks.append(asyncio.create_task(one(key, size, what)))
            await asyncio.sleep(0)
            if what == 3:
                tasks[len(tasks) // 2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert held.used == 0
        assert held._keys == {}
        assert not held._waiting

    asyncio.run(run())


async def test_what_large_bodies_took_is_given_back_once() -> None:
    given: list[int] = []
    held = budget(4 * LARGE, 4 * LARGE, give_back=lambda: given.append(1))
    held.take("a", 10)
    held.give("a", 10)
    assert not given
    for _ in range(3):
        held.take("a", LARGE)
    for _ in range(3):
        held.give("a", LARGE)
    assert held._giving is not None
    held._giving.cancel()
    held._given_back()
    assert given == [1]
