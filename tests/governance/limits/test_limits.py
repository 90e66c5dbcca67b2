"""Measures, and the share of a limit that several sources tell."""

from math import inf

import pytest

from governance.limits import MEASURES, Consumption, Share, highest
from governance.routing.breaker import HealthStatus
from governance.routing.plan import REJECTIONS
from governance.routing.table import RateLimit
from governance.routing.verdicts import threshold, untouched
from tests.governance.routing.build import target

USED = Consumption(prompt_tokens=7, completion_tokens=5, cost=0.25)


@pytest.mark.parametrize(
    ("measure", "amount"), [("requests", 1), ("tokens", 12), ("cost", 0.25), ("concurrent", 0)]
)
def test_what_a_request_comes_to(measure: str, amount: float) -> None:
    assert MEASURES[measure].amount(USED) == amount


def test_what_has_no_price_costs_nothing_and_what_runs_holds_its_place() -> None:
    assert MEASURES["cost"].amount(Consumption()) == 0
    assert MEASURES["concurrent"].amount(Consumption(running=True)) == 1


@pytest.mark.parametrize(
    ("sources", "joined"),
    [
        ([], None),
        ([None, None], None),
        ([Share(40.0), None, Share(70.0)], 70.0),
        ([Share(40.0), Share(90.0, until=10.0)], 40.0),
        ([Share(90.0, until=10.0)], None),
        ([Share(0.0, until=inf)], 0.0),
    ],
)
def test_the_highest_source_that_still_holds(sources: list[Share | None], joined: float) -> None:
    assert highest(sources, now=10.0) == joined


@pytest.mark.parametrize("word", [one.threshold for one in MEASURES.values() if one.threshold])
def test_every_threshold_of_a_target_reads_through_its_measure(word: str) -> None:
    """A word stands for the field of the limit, that of the status, and the reason."""
    limited = target(rate_limit=RateLimit(**{f"{word}_percent": 50.0}))
    found = threshold(limited, HealthStatus(**{f"{word}_percent": 50.0}), now=0.0)
    assert found is not None
    assert found[0] == f"{word}_threshold_exceeded"
    assert found[0] in REJECTIONS
    assert not untouched(limited, HealthStatus(**{f"{word}_percent": 50.0}))
    below = HealthStatus(**{f"{word}_percent": 49.9})
    assert threshold(limited, below, now=0.0) is None
    assert untouched(limited, below)
