"""The recipes of docs/limits.md: each is sent as it stands, and then does what its title says."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from governance import snapshot
from governance.limits.counting.admission import Exceeded, Lease, admit, exceeded, settle
from governance.limits.counting.binding import Who
from governance.limits.counting.book import LimitBook
from governance.limits.measure import Consumption
from governance.routing.table import RoutingTable
from tests.governance.api.conftest import Api, api, caller

__all__ = ["api", "caller"]

TEXT = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
RECIPES = dict(re.findall(r"(?ms)^### (\d+)\. .*?```http\n(.*?)```", TEXT))
_STEP = re.compile(r"(?ms)^POST (\S+)\n(\{.*?\})\n(?=\n|\Z)")


@pytest.fixture(autouse=True)
def clean_table() -> Iterator[None]:
    snapshot.install(RoutingTable())
    yield
    snapshot.install(RoutingTable())


class Kitchen:
    """What a recipe made, and requests of its key."""

    def __init__(self, api: Api, recipe: str) -> None:
        self.ids: dict[str, Any] = {"today": datetime.now(UTC).date().isoformat()}
        steps = _STEP.findall(recipe)
        assert len(steps) == recipe.count("POST ")
        for path, body in steps:
            answer = api.post(path, json.loads(self._filled(body)))
            assert answer.status_code == 201, answer.content
            assert "warnings" not in answer.json()
            kind = path.strip("/").removesuffix("s")
            self.ids[kind] = answer.json()[kind]["id"]
        self.table = snapshot.refresh()
        self.book, self.now = LimitBook(), time.time()

    def _filled(self, body: str) -> str:
        for name, value in self.ids.items():
            body = body.replace(f'"<{name}>"', json.dumps(value))
        return body

    def counters(self, session: str = "", model: str = "m", key: str = "") -> Any:
        keys = {one.id: one for one in self.table.virtual_keys.values()}
        found = keys.get(key or self.ids.get("key", ""))
        groups = self.table.groups_of(found) if found else ()
        who = Who(found.id if found else key, groups, "", session)
        limits = self.table.limits
        mine = self.book.of_request(limits, who, self.now)
        return [*mine, *self.book.of_target(limits, who, "acme", model, self.now)]

    def admitted(self, used: Consumption, most: int = 200, **more: str) -> int:
        """How many such requests are answered before one is refused; each has ended by then."""
        for count in range(most):
            lease = admit(self.counters(**more), used, used, self.now)
            if isinstance(lease, Exceeded):
                return count
            settle(lease, [used._replace(running=False)], self.now, count + 1)
        return most


def dollars(cost: float | None) -> Consumption:
    return Consumption(10, 10, cost, running=True)


@pytest.fixture
def cook(api: Api) -> Any:
    return lambda number: Kitchen(api, RECIPES[str(number)])


def test_there_are_ten() -> None:
    assert [*RECIPES] == [str(number) for number in range(1, 11)]


def test_a_monthly_budget(cook: Any) -> None:
    assert cook(1).admitted(dollars(10)) == 10


def test_a_cap_for_each_run(cook: Any) -> None:
    kitchen = cook(2)
    assert kitchen.admitted(dollars(1), session="a") == 5
    assert kitchen.admitted(dollars(1), session="b") == 5


def test_the_cheap_model_then(cook: Any) -> None:
    kitchen = cook(3)
    assert kitchen.admitted(dollars(5), most=5) == 5, "it goes on, elsewhere"
    assert exceeded(kitchen.counters(), dollars(0), kitchen.now) is not None


def test_two_at_a_time(cook: Any) -> None:
    kitchen = cook(4)
    held = [admit(kitchen.counters(), dollars(1), dollars(1), kitchen.now) for _ in range(3)]
    assert [isinstance(one, Lease) for one in held] == [True, True, False]


def test_sixty_a_minute_for_every_key(cook: Any) -> None:
    kitchen = cook(5)
    assert kitchen.admitted(dollars(1), key="a") == 60
    assert kitchen.admitted(dollars(1), key="b") == 60


def test_cached_tokens_count_a_tenth(cook: Any) -> None:
    kitchen = cook(6)
    cached = Consumption(1000, 0, cached_tokens=1000)
    assert kitchen.admitted(cached, key="a") == 100
    assert kitchen.admitted(Consumption(1000, 0), key="b") == 10


def test_a_share_for_one_team(cook: Any) -> None:
    kitchen = cook(7)
    assert kitchen.admitted(dollars(50)) == 6
    used = {one.limit.name: one.used / 1_000_000 for one in kitchen.counters()}
    assert used == {"their team": 300, "customer": 300}


def test_more_this_month(cook: Any) -> None:
    assert cook(8).admitted(dollars(10)) == 12


def test_the_dear_model(cook: Any) -> None:
    kitchen = cook(9)
    assert kitchen.admitted(dollars(1), model="claude-opus-5") == 50
    assert kitchen.admitted(dollars(1), model="claude-haiku-5", most=60) == 60


def test_no_request_without_a_price(cook: Any) -> None:
    kitchen = cook(10)
    assert kitchen.admitted(dollars(None)) == 0
    assert kitchen.admitted(dollars(1), most=3) == 3
