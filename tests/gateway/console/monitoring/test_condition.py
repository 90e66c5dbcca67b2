"""A provider's condition in a few words, the worst that is known first."""

from __future__ import annotations

import pytest

from gateway.console.monitoring.condition import CODES, condition
from gateway.console.monitoring.current_health import CurrentHealth, ModelHealth
from gateway.console.monitoring.troubles import Recent
from governance.routing.breaker import HealthStatus


def recent(failed: int, tried: int, refused: bool = False) -> Recent:
    return Recent("fast", failed, tried, "http_503" if failed else "", refused)


def model(state: str = "closed", seconds: float = 0.0, **more: float) -> ModelHealth:
    return ModelHealth("m-1", HealthStatus(state, **more), seconds)


HELD = {
    "cooling_down": CurrentHealth(models=(model("open", 4.0),)),
    "on_trial": CurrentHealth(models=(model("half_open", 90.0),)),
    "limited": CurrentHealth(models=(model(request_percent=40.0, token_percent=91.0),)),
    "saturated": CurrentHealth(under_way=4, slots=4),
    "": CurrentHealth(under_way=3, slots=4, models=(model(token_percent=20.0),)),
}


@pytest.mark.parametrize(
    ("last", "held", "code"),
    [
        (recent(1, 1, refused=True), "cooling_down", "refused"),
        (recent(5, 5), "cooling_down", "failing"),
        (recent(1, 20), "cooling_down", "cooling_down"),
        (None, "on_trial", "on_trial"),
        (recent(0, 3), "limited", "limited"),
        (recent(0, 3), "saturated", "saturated"),
        (recent(1, 20), "", "some_failures"),
        (recent(0, 3), "", "answering"),
        (None, "", "unknown"),
    ],
)
def test_the_worst_is_told(last: Recent | None, held: str, code: str) -> None:
    found = condition(last, HELD[held])
    assert found.code == code
    assert code in CODES
    assert found.words
    assert found.detail.endswith(".")


def test_an_open_breaker_whose_time_is_over_waits_for_a_trial() -> None:
    """The next request is the one that finds out; nobody is passed over any more."""
    assert condition(None, CurrentHealth(models=(model("open", 0.0),))).code == "on_trial"


def test_without_this_process_the_log_alone_speaks() -> None:
    assert condition(recent(0, 3), None).code == "answering"
