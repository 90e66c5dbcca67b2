"""The way of a request as its page draws it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.console.interactions.timeline import LEAST, PASSED_OVER, Timeline, timeline_of
from governance.change_summary.times import readable_time
from governance.routing.plan import REJECTIONS, Candidate
from governance.routing.request import RoutingRequest
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import (
    CAPABLE,
    FAST,
    PROFILE,
    attempt,
    plan,
    request_context,
)


def way(cost: float | None = None, **more: Any) -> Timeline:
    return timeline_of(describe(request_context(**more), cost))


FAILED = attempt(outcome="retryable", code="http_503", milliseconds=30.0)
SAVED = attempt(provider="capable", model="gpt-4o-mini", milliseconds=60.0)


def test_it_works() -> None:
    drawn = way()
    assert drawn.headline == "Answered by fast / small, in 82 ms"
    assert drawn.because == (
        "Routing profile Light, because the model begins with its virtual provider."
    )
    (leg,) = drawn.legs
    assert (leg.words, leg.tone, leg.begin) == ("answered", "good", 0.0)
    assert [(stop.provider, stop.words) for stop in drawn.stops] == [
        ("fast", "answered"),
        ("capable", "not needed"),
    ]
    facts = dict(drawn.facts)
    assert (facts["Tokens in"], facts["of them cached"]) == ("1,000", "200")
    assert "Images" not in facts


def test_attempts_follow_each_other_on_the_line() -> None:
    """Each begins where the one before it ended, and the first token lies within the last."""
    drawn = way(attempts=[FAILED, SAVED], first_token=0.05, duration=0.12)
    assert drawn.headline == "Answered by capable / gpt-4o-mini after 2 attempts, in 120 ms"
    assert [(leg.begin, leg.width, leg.tone) for leg in drawn.legs] == [
        (0.0, 25.0, "bad"),
        (25.0, 50.0, "good"),
    ]
    assert drawn.first_token == pytest.approx(41.67)
    assert [stop.words for stop in drawn.stops] == ["http 503", "answered"]
    assert drawn.scale == "The line is 120 ms long; the mark is the first token, after 50 ms."
    assert not drawn.broke_off
    assert dict(drawn.facts)["Fallback"] == "Another target answered"


def test_an_answer_of_local_inference_is_told_apart() -> None:
    """With the sentence that says why the first choice did not answer."""
    why = "The provider could not be reached: certificate has expired."
    failed = attempt(outcome="retryable", code="connect_failed", status=0, cause=why)
    took_over = attempt(provider="mlx", model="tiny", local_fallback=True)
    drawn = way(attempts=[failed, took_over])
    assert drawn.headline.startswith("Answered by mlx / tiny, which took over after 2 attempts")
    assert drawn.tone == "warn"
    assert [leg.cause for leg in drawn.legs] == [why, ""]
    assert dict(drawn.facts)["Because of"] == "connect failed"


def test_a_line_is_never_shorter_than_its_attempts() -> None:
    """Clocks differ by a little: nothing hangs over the end."""
    drawn = way(attempts=[FAILED, SAVED], duration=0.01, first_token=None)
    assert max(leg.begin + leg.width for leg in drawn.legs) == pytest.approx(100.0)
    assert drawn.first_token is None


def test_two_milliseconds_beside_two_minutes_can_be_seen() -> None:
    """A short attempt keeps a width, within the line."""
    tries = [
        attempt(outcome="retryable", code="first_event_timeout", milliseconds=120_000.0),
        attempt(provider="capable", model="gpt-4o-mini", milliseconds=2.0),
    ]
    drawn = way(attempts=tries, duration=120.003, first_token=120.001)
    assert drawn.legs[1].width == LEAST
    assert drawn.legs[1].begin + drawn.legs[1].width <= 100.0
    assert [leg.took for leg in drawn.legs] == ["120.00 s", "2.0 ms"]


def test_an_answer_that_broke_off() -> None:
    """Whoever comes next in the plan was not tried, because the answer had begun."""
    broken = attempt(outcome="retryable", code="stream_broken")
    drawn = way(attempts=[broken], outcome="retryable", error_code="stream_broken")
    assert drawn.broke_off
    assert [stop.words for stop in drawn.stops] == ["stream broken", "not tried"]


def test_who_was_passed_over_and_why() -> None:
    """Every reason there is has its words."""
    assert [(one.provider, one.words) for one in way().passed_over] == [
        ("gone", "there is no such provider")
    ]
    assert set(PASSED_OVER) == set(REJECTIONS)


def test_the_same_place_twice_is_told_apart() -> None:
    """A profile may name a place twice; each candidate gets its own attempt."""
    places = (Candidate(FAST, "small", PROFILE.targets[0]), Candidate(FAST, "small"))
    local = attempt(local_fallback=True)
    drawn = way(plan=plan(candidates=places), attempts=[FAILED, local])
    assert [(stop.words, stop.local_fallback) for stop in drawn.stops] == [
        ("http 503", False),
        ("answered", True),
    ]


def test_a_refusal() -> None:
    drawn = way(
        attempts=[],
        outcome="refused",
        error_code="no_candidate",
        plan=plan(profile=None, reason="", candidates=()),
        first_token=None,
        status=503,
    )
    assert drawn.headline == "Rejected by gateway: no candidate, in 82 ms"
    assert (drawn.tone, drawn.because, drawn.legs, drawn.stops) == ("warn", "", (), ())
    assert (drawn.scale, drawn.broke_off) == ("", False)


def test_a_caller_who_left() -> None:
    left = attempt(outcome="cancelled", code="cancelled", status=0)
    drawn = way(attempts=[left], outcome="cancelled", error_code="cancelled", status=0)
    assert drawn.tone == "quiet"
    assert drawn.legs[0].tone == "quiet"
    assert dict(drawn.facts)["Status"] == "none: the client disconnected"


def test_a_request_that_was_never_read() -> None:
    drawn = way(
        routing_request=None,
        plan=None,
        attempts=[],
        outcome="refused",
        error_code="missing_api_key",
    )
    assert drawn.stops == ()
    assert dict(drawn.facts)["Model asked for"] == "none named"


def test_a_rule_and_a_provider_named_directly() -> None:
    ruled = way(plan=plan(reason="heuristic_rule:long: or so"))
    assert ruled.because == "Routing profile Light, because the rule “long: or so” matched."
    implicit = replace(PROFILE, id="", implicit=True)
    direct = way(
        plan=plan(profile=implicit, reason="provider_model", candidates=(Candidate(CAPABLE, "x"),)),
        routing_request=RoutingRequest(model="capable/x"),
    )
    assert direct.because == "No routing profile, because the model names the provider."


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(None, "—"), (0.44, "0.4 ms"), (10.4, "10 ms"), (999.4, "999 ms"), (1234.5, "1.23 s")],
)
def test_times(milliseconds: float | None, words: str) -> None:
    assert readable_time(milliseconds) == words
