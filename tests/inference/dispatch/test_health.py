"""A failing provider steps aside, a probe brings it back, and nothing ever stays taken."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from governance.routing.breaker import Breaker
from governance.routing.table import RateLimit
from governance.routing.verdicts import threshold
from inference.dispatch.health import MOST, HealthBook
from inference.dispatch.reported_limits import LONGEST_RENEWAL, RENEWAL, Used, used_shares
from inference.values.failures import Failure, Outcome
from tests.inference.tables import HEADERS, chain, provider, rebuilt
from tests.support import openai_shapes as shapes
from tests.support.serving import Served, served
from tests.support.upstream import Json, Upstream

DOWN = Failure(Outcome.RETRYABLE, "http_500", "x", 500)
LEFT = Failure(Outcome.CANCELLED, "cancelled", "x")
FAULT = Failure(Outcome.CALLERS_FAULT, "http_400", "x", 400)
ONE = provider("One", "http://127.0.0.1:9/v1")

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def fail(book: HealthBook, failure: Failure, times: int) -> None:
    for _ in range(times):
        permit = book.acquire(ONE, "m")
        assert permit is not None
        book.release(permit, failure)


def test_repeated_failures_demote_and_one_probe_returns() -> None:
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    fail(book, DOWN, 5)
    status = book.status("one", "m")
    assert status is not None
    assert status.demoted(clock.now) == "cooling_down"
    assert book.status("one", "other") is None
    clock.now = status.until + 0.01
    probe, second = book.acquire(ONE, "m"), book.acquire(ONE, "m")
    assert probe is not None
    assert second is not None
    assert (probe.probe, second.probe) == (True, False)
    status = book.status("one", "m")
    assert status is not None
    assert status.demoted(clock.now) == "cooling_down", "only the probe gets through"
    book.release(probe)
    book.release(second, LEFT)
    status = book.status("one", "m")
    assert status is not None
    assert (status.demoted(clock.now), status.share(clock.now)) == (None, 0.1)
    clock.now = status.until
    book.release(book.acquire(ONE, "m") or pytest.fail("no permit"))
    assert book.status("one", "m") is None
    assert book.under_way("one") == 0


def test_tries_of_one_request_count_once() -> None:
    book = HealthBook(rng=random.Random(1), clock=Clock())
    for number in range(5):
        assert book.status("one", "m") is None
        for counted in (False, True, True):
            permit = book.acquire(ONE, "m")
            assert permit is not None
            book.release(permit, DOWN, counted=counted)
        assert number < 4 or book.status("one", "m") is not None


def test_the_callers_fault_is_not_held_against_a_provider() -> None:
    book = HealthBook(rng=random.Random(1), clock=Clock())
    fail(book, FAULT, 50)
    assert book.status("one", "m") is None


def test_retry_after_is_honoured_at_once() -> None:
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    fail(book, Failure(Outcome.RETRYABLE, "http_429", "x", 429, retry_after=30), 1)
    status = book.status("one", "m")
    assert status is not None
    assert status.until >= 130


@pytest.mark.parametrize(
    ("headers", "shares"),
    [
        ([], (None, None)),
        (
            [
                (b"x-ratelimit-limit-requests", b"100"),
                (b"x-ratelimit-remaining-requests", b"25"),
            ],
            (Used(75.0, 60.0), None),
        ),
        (
            [
                (b"anthropic-ratelimit-tokens-limit", b"1000"),
                (b"anthropic-ratelimit-tokens-remaining", b"1000"),
                (b"anthropic-ratelimit-tokens-reset", b"2026-11-21T12:00:30Z"),
            ],
            (None, Used(0.0, 30.0)),
        ),
        (
            [
                (b"x-ratelimit-limit-requests", b"100"),
                (b"x-ratelimit-remaining-requests", b"150"),
                (b"x-ratelimit-limit-tokens", b"100"),
                (b"x-ratelimit-remaining-tokens", b"-5"),
            ],
            (Used(0.0, 60.0), Used(100.0, 60.0)),
        ),
        (
            [(b"x-ratelimit-limit-tokens", b"inf"), (b"x-ratelimit-remaining-tokens", b"1")],
            (None, None),
        ),
        (
            [
                (b"x-ratelimit-limit-requests", b"1"),
                (b"x-ratelimit-remaining-requests", b"inf"),
                (b"x-ratelimit-limit-tokens", b"0"),
                (b"x-ratelimit-remaining-tokens", b"0"),
            ],
            (None, None),
        ),
        ([(b"x-ratelimit-limit-tokens", b"many")], (None, None)),
        (
            [(b"x-ratelimit-limit-tokens", b"nan"), (b"x-ratelimit-remaining-tokens", b"1")],
            (None, None),
        ),
    ],
)
def test_limits_are_read_from_answers(
    headers: list[tuple[bytes, bytes]], shares: tuple[Used | None, Used | None]
) -> None:
    assert used_shares(headers, NOON) == shares


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        (b"12ms", 0.012),
        (b"1s", 1.0),
        (b"1m4.5s", 64.5),
        (b"7.66", 7.66),
        (str(NOON + 5).encode(), 5.0),
        (b"2026-11-21T13:00:10+01:00", 10.0),
        (b"2026-11-21T11:59:00Z", 0.0),
        (b"17h3m", LONGEST_RENEWAL),
        (b"soon", RENEWAL),
        (b"..s", RENEWAL),
        (b"nan", RENEWAL),
        (b"", RENEWAL),
    ],
)
def test_when_a_limit_is_renewed(reset: bytes, seconds: float) -> None:
    """Every form a provider writes it in; what cannot be read counts as a minute."""
    headers = [
        (b"x-ratelimit-limit-requests", b"2"),
        (b"x-ratelimit-remaining-requests", b"1"),
        (b"x-ratelimit-reset-requests", reset),
    ]
    [used, _] = used_shares(headers, NOON)
    assert used is not None
    assert used.renewal == pytest.approx(seconds)


def test_a_moment_that_was_read_before_comes_nearer() -> None:
    """How a text is read is remembered, not how far off it was."""
    headers = [
        (b"anthropic-ratelimit-requests-limit", b"2"),
        (b"anthropic-ratelimit-requests-remaining", b"1"),
        (b"anthropic-ratelimit-requests-reset", b"2026-11-21T12:00:30Z"),
    ]
    for later, seconds in [(0, 30.0), (10, 20.0), (40, 0.0)]:
        assert used_shares(headers, NOON + later) == (Used(50.0, seconds), None)


def test_what_is_reported_follows_the_breaker_and_outlives_it() -> None:
    """A report and a breaker that opens make one status; each goes in its own time."""
    book = HealthBook(rng=random.Random(1), clock=Clock())
    headers = [(b"x-ratelimit-limit-tokens", b"10"), (b"x-ratelimit-remaining-tokens", b"4")]
    book.observe(ONE, "m", headers)
    fail(book, DOWN, 5)
    opened = book.status("one", "m")
    assert opened is not None
    assert (opened.state, opened.token_percent) == ("open", 60.0)
    book.observe(ONE, "m", [])
    silent = book.status("one", "m")
    assert silent is not None
    assert (silent.state, silent.until, silent.token_percent) == ("open", opened.until, None)
    book.observe(ONE, "m", headers)
    book.install(("one", "m"), Breaker(), 0.0)
    closed = book.status("one", "m")
    assert closed is not None
    assert (closed.state, closed.token_percent) == ("closed", 60.0)


def test_a_used_up_limit_is_forgotten_once_it_is_renewed() -> None:
    """Else a skipped target would stay skipped for good: nobody asks it how it fares."""
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    book.observe(
        ONE,
        "m",
        [
            (b"x-ratelimit-limit-requests", b"10"),
            (b"x-ratelimit-remaining-requests", b"0"),
            (b"x-ratelimit-reset-requests", b"20s"),
        ],
    )
    (light,) = chain(ONE).profiles.values()
    status = book.status("one", "m")
    assert status is not None
    rejection = threshold(light.targets[0], status, clock.now + 19)
    assert rejection is not None
    assert rejection[0] == "request_threshold_exceeded"
    assert threshold(light.targets[0], status, clock.now + 20) is None
    book.observe(ONE, "m", [])
    assert book.status("one", "m") is None


def ask(gateway: Served) -> httpx.Response:
    body = {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}
    return httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=HEADERS, timeout=20)


def test_a_provider_that_keeps_failing_is_asked_last() -> None:
    """After five failures the chain begins with the healthy candidate; slots stay balanced."""
    with Upstream(Json(shapes.error("x"), 500)) as bad, Upstream(Json(shapes.completion())) as good:
        with served(chain(provider("bad", bad), provider("good", good))) as gateway:
            attempts = [ask(gateway).headers["x-pointsman-attempts"] for _ in range(8)]
            assert gateway.book.under_way("bad") == gateway.book.under_way("good") == 0
    assert attempts == ["2"] * 5 + ["1"] * 3
    assert len(bad.asked) == 5


def test_a_target_is_skipped_once_its_share_of_the_limit_is_used() -> None:
    """The upstream says 90 % of its requests are used; the target's threshold is 80 %."""
    used = {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "10"}
    with Upstream(Json(shapes.completion(), headers=used)) as limited:
        with Upstream(Json(shapes.completion())) as other:
            table = chain(provider("limited", limited), provider("other", other))
            (light,) = table.profiles.values()
            first = replace(light.targets[0], rate_limit=RateLimit(request_percent=80))
            careful = replace(light, targets=(first, *light.targets[1:]))
            with served(rebuilt(table, profiles=[careful])) as gateway:
                names = [ask(gateway).headers["x-pointsman-provider"] for _ in range(3)]
    assert names == ["limited", "other", "other"]


def test_what_is_kept_of_models_is_bounded_and_expires() -> None:
    """Callers choose the names."""
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    for number in range(2 * MOST):
        permit = book.acquire(ONE, f"m{number}")
        assert permit is not None
        book.release(permit, DOWN)
        assert len(book._breakers) <= MOST
    assert book._under_way == {}
    permit = book.acquire(ONE, "last")
    assert permit is not None
    book.release(permit, replace(DOWN, retry_after=300.0))
    clock.now += 150
    permit = book.acquire(ONE, "other")
    assert permit is not None
    book.release(permit, DOWN)
    assert set(book._breakers) == {("one", "last"), ("one", "other")}, "which cools down still"


def test_failures_that_lie_far_apart_do_not_add_up() -> None:
    """What happened before the windows is forgotten before the next request counts."""
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    for _ in range(10):
        fail(book, DOWN, 1)
        clock.now += 150
    assert book.status("one", "m") is None


def test_recoveries_that_are_remembered_are_bounded() -> None:
    """The latest ones stay: sessions wait for them before they return."""
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    for number in range(MOST + 10):
        name = f"m{number}"
        for _ in range(5):
            book.release(book.acquire(ONE, name) or pytest.fail("no permit"), DOWN)
        status = book.status("one", name)
        assert status is not None
        clock.now = status.until + 0.01
        book.release(book.acquire(ONE, name) or pytest.fail("no permit"))
    assert len(book._recovered) == MOST
    assert book.recovered("one", f"m{MOST + 9}") == clock.now
    assert book.recovered("one", "m0") == 0.0


def test_a_report_of_limits_is_forgotten_when_it_is_over() -> None:
    clock = Clock()
    book = HealthBook(rng=random.Random(1), clock=clock)
    headers = [(b"x-ratelimit-limit-requests", b"10"), (b"x-ratelimit-remaining-requests", b"1")]
    for number in range(50):
        book.observe(ONE, f"m{number}", headers)
    clock.now += 1000
    book.observe(ONE, "now", headers)
    assert list(book._breakers) == list(book._statuses) == [("one", "now")]
