"""The circuit breaker: when it opens, how long, and what its probe decides."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.routing.breaker import (
    HEALTHY,
    NEW,
    Breaker,
    HealthSettings,
    HealthStatus,
    begin,
    failed,
    succeeded,
)

PLAIN = HealthSettings(jitter=0.0)
RNG = random.Random(1)


def fail(breaker, now, times=1, failure="retryable", **more):
    for _ in range(times):
        breaker = failed(breaker, failure, now, RNG, PLAIN, **more)
    return breaker


def tripped(now=0.0):
    return fail(NEW, now, PLAIN.consecutive_failures)


def probed():
    return begin(tripped(), PLAIN.cooldown, PLAIN)


def standing(breaker):
    return HealthStatus(breaker.state, breaker.until)


def test_it_opens_after_failures_in_a_row():
    assert fail(NEW, 0.0, PLAIN.consecutive_failures - 1).state == "closed"
    opened = tripped()
    assert (opened.state, opened.until) == ("open", PLAIN.cooldown)


def test_a_finished_answer_breaks_the_row():
    breaker = fail(NEW, 0.0, 4)
    breaker = succeeded(breaker, 1.0, PLAIN)
    assert fail(breaker, 2.0, 4).state == "closed"


def test_it_opens_when_half_of_the_recent_answers_fail():
    """Failures that never come in a row count by their share, from enough answers on."""
    breaker = NEW
    for turn in range(PLAIN.minimum_answers // 2):
        assert breaker.state == "closed"
        breaker = fail(succeeded(breaker, turn * 0.1, PLAIN), turn * 0.1)
    assert breaker.state == "open"


def test_old_failures_do_not_count():
    """Two windows later nothing of them is left, one window later they still are."""
    breaker = NEW
    for _ in range(9):
        breaker = fail(succeeded(breaker, 0.0, PLAIN), 0.0)
    soon = fail(succeeded(breaker, PLAIN.window * 1.5, PLAIN), PLAIN.window * 1.5)
    late = fail(succeeded(breaker, PLAIN.window * 2, PLAIN), PLAIN.window * 2)
    assert (soon.state, late.state) == ("open", "closed")


@pytest.mark.parametrize("failure", ["callers_fault", "too_long", "cancelled"])
def test_what_is_not_the_providers_fault_never_counts(failure):
    assert fail(NEW, 0.0, 1000, failure) == NEW
    assert fail(tripped(), 1.0, 1000, failure) == tripped()


def test_a_misconfigured_provider_counts():
    assert fail(NEW, 0.0, PLAIN.consecutive_failures, "misconfigured").state == "open"


def test_exactly_one_request_becomes_the_probe():
    """While it is under way the candidate still counts as cooling down."""
    breaker = tripped()
    assert standing(breaker).demoted(PLAIN.cooldown - 0.1) == "cooling_down"
    assert begin(breaker, PLAIN.cooldown - 0.1, PLAIN) is breaker
    assert standing(breaker).demoted(PLAIN.cooldown) is None
    probing = begin(breaker, PLAIN.cooldown, PLAIN)
    assert probing.state == "half_open"
    assert standing(probing).demoted(PLAIN.cooldown) == "cooling_down"
    assert begin(probing, PLAIN.cooldown + 1, PLAIN) is probing


def test_a_good_probe_begins_the_ramp_whose_end_forgets():
    """A tenth of the requests at least, all of them after half a minute."""
    ramping = succeeded(probed(), 7.0, PLAIN)
    assert (ramping.state, ramping.until) == ("ramp", 37.0)
    shares = [standing(ramping).share(7.0 + seconds) for seconds in (0, 3, 15, 27, 30, 99)]
    assert shares == pytest.approx([0.1, 0.1, 0.5, 0.9, 1.0, 1.0])
    assert standing(ramping).demoted(8.0) is None
    assert begin(ramping, 8.0, PLAIN) is ramping, "there is no second probe"
    again = succeeded(ramping, 20.0, PLAIN)
    assert (again.state, again.until) == ("ramp", 37.0), "answers do not make it longer"
    for closed in (succeeded(ramping, 37.0, PLAIN), begin(ramping, 37.0, PLAIN)):
        assert (closed.state, closed.trips) == ("closed", 0)
        assert fail(closed, 38.0, PLAIN.consecutive_failures - 1).state == "closed"
    assert fail(ramping, 38.0).state == "closed"


def test_a_failure_on_the_ramp_opens_again_for_longer():
    ramping = succeeded(probed(), 7.0, PLAIN)
    opened = fail(ramping, 8.0)
    assert (opened.state, opened.until) == ("open", 8.0 + 2 * PLAIN.cooldown)
    assert fail(ramping, 8.0, failure="callers_fault") is ramping


def test_a_bad_probe_doubles_the_cooldown_up_to_the_longest():
    breaker, now, lengths = tripped(), 0.0, []
    for _ in range(9):
        lengths.append(breaker.until - now)
        now = breaker.until
        breaker = fail(begin(breaker, now, PLAIN), now)
    assert lengths == [5, 10, 20, 20, 20, 20, 20, 20, 20]


@pytest.mark.parametrize("failure", ["callers_fault", "cancelled", "too_long"])
def test_a_probe_that_shows_nothing_lets_the_next_one_probe(failure):
    probing = probed()
    released = fail(probing, 6.0, 1, failure)
    assert standing(released).demoted(6.0) is None
    assert begin(released, 6.0, PLAIN).state == "half_open"


@pytest.mark.parametrize("failure", ["callers_fault", "cancelled", "retryable"])
def test_only_the_probe_decides_against_it(failure):
    """What was sent beside it as a last resort neither releases nor fails the probe."""
    assert fail(probed(), 6.0, 3, failure, probe=False) == probed()


def test_a_probe_that_never_reports_is_given_up():
    probing = probed()
    lost = 5.0 + PLAIN.probe_timeout
    assert standing(probing).demoted(lost) is None
    assert begin(probing, lost, PLAIN).until == lost + PLAIN.probe_timeout


def test_retry_after_opens_at_once_for_as_long_as_asked():
    breaker = fail(NEW, 100.0, retry_after=42.0)
    assert (breaker.state, breaker.until) == ("open", 142.0)


def test_retry_after_has_an_end_and_does_not_shorten():
    assert fail(NEW, 0.0, retry_after=1e9).until == PLAIN.longest_wait
    assert fail(NEW, 0.0, retry_after=0.5).until == PLAIN.cooldown
    assert fail(NEW, 0.0, retry_after=-5.0).state == "closed"


def test_a_last_resort_that_fails_does_not_prolong_the_cooldown():
    """Requests sent to an open candidate because nothing else was left."""
    assert fail(tripped(), 1.0, 50) == tripped()
    assert fail(tripped(), 1.0, retry_after=30.0).until == 31.0


def test_a_limit_that_was_waited_out_needs_no_ramp():
    waited = begin(fail(NEW, 0.0, retry_after=9.0), 9.0, PLAIN)
    assert waited.state == "half_open"
    assert succeeded(waited, 9.5, PLAIN).state == "closed"


def test_what_is_asked_is_kept_to_the_second():
    """Jitter is for cooldowns nobody asked for."""
    settings = HealthSettings(jitter=0.5)
    assert {
        failed(NEW, "retryable", 0.0, RNG, settings, retry_after=42.0).until for _ in "abc"
    } == {42.0}


def test_a_last_resort_that_succeeds_begins_the_ramp():
    assert succeeded(tripped(), 1.0, PLAIN).state == "ramp"
    assert succeeded(probed(), 6.0, PLAIN).state == "ramp"


def test_jitter_only_lengthens_within_its_share():
    settings = HealthSettings(jitter=0.5, consecutive_failures=1)
    lengths = {failed(NEW, "retryable", 0.0, RNG, settings).until for _ in range(200)}
    assert 5.0 <= min(lengths) < 5.5
    assert 7.0 < max(lengths) <= 7.5


def test_saturation_demotes_and_cooling_down_says_so_first():
    assert HealthStatus(saturated=True).demoted(0.0) == "saturated"
    assert HealthStatus("open", until=1.0, saturated=True).demoted(0.0) == "cooling_down"
    assert HealthStatus().demoted(0.0) is None
    assert HEALTHY.status("mlx", "m") is None


events = st.tuples(
    st.sampled_from(["ok", "begin", "retryable", "misconfigured", "callers_fault", "cancelled"]),
    st.floats(0, 100),
    st.none() | st.floats(0, 1000),
)


@given(st.lists(events, max_size=60), st.integers(0, 2**32))
def test_whatever_happens_the_breaker_stays_sound(happenings, seed):
    """It always comes back: no cooldown outlasts the longest one, and no success opens it."""
    rng, settings, now, breaker = random.Random(seed), HealthSettings(), 0.0, NEW
    probing = 0.0
    longest = settings.longest_wait
    for what, later, retry_after in happenings:
        now += later
        if what == "ok":
            breaker, probing = succeeded(breaker, now, settings), 0.0
            assert breaker.state in ("closed", "ramp")
        elif what == "begin":
            began = begin(breaker, now, settings)
            probe, breaker = began is not breaker and began.state == "half_open", began
            assert not (probe and probing and now < probing), "two probes at once"
            probing = breaker.until if probe else probing
        else:
            ends_probe = what != "retryable" and breaker.state == "half_open"
            probing = 0.0 if ends_probe else probing
            breaker = failed(
                breaker, what, now, rng, settings, retry_after=retry_after, probe=ends_probe
            )
        assert breaker.state in ("closed", "open", "half_open", "ramp")
        assert breaker.until <= now + longest
        assert min(breaker.good, breaker.bad, breaker.before_good, breaker.before_bad) >= 0


def test_breakers_are_values():
    before = tripped()
    assert begin(before, PLAIN.cooldown, PLAIN) != before == tripped()
    assert Breaker() == NEW
