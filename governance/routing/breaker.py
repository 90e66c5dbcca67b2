"""How well a provider's model has been answering: a circuit breaker as a value.

Every function takes a `Breaker` and returns the next one; clock and rng are passed in. A breaker
that is open does not forbid anything: its candidate is tried after the healthy ones, so that no
request fails while something might still answer. Answers make both values anew, so they are named
tuples: see `routing_request`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple, Protocol

from governance.limits import Share
from governance.strategies.strategy import Rng

COUNTED: Final = frozenset({"retryable", "misconfigured"})
"""Failure classes that speak against the provider. The caller's own fault, a prompt too long for
the model and a caller who left say nothing about its health."""


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When a breaker opens and for how long. Times are seconds."""

    consecutive_failures: int = 5
    failure_ratio: float = 0.5
    """Share of failures among recent answers, from `minimum_answers` on."""
    minimum_answers: int = 20
    window: float = 60.0
    """Recent means within this time, at most twice as long."""
    cooldown: float = 5.0
    """The first one; it doubles each time the probe after it fails."""
    longest_cooldown: float = 20.0
    """Where doubling ends, so that a provider that recovers is in use again soon."""
    longest_wait: float = 300.0
    """What a provider asks for is kept to the second, up to this long."""
    jitter: float = 0.2
    """Cooldowns are longer by a random share of up to this much, so that processes do not probe
    in step."""
    ramp: float = 30.0
    """After a probe that was answered, how long until it gets all of its requests again."""
    probe_timeout: float = 120.0
    """A probe that never reported counts as lost after this long."""


DEFAULTS: Final = HealthSettings()
LEAST_SHARE: Final = 0.1
"""At the foot of the ramp."""


class Breaker(NamedTuple):
    """The recent history of one provider's model."""

    state: str = "closed"
    """`closed`, `open`, `half_open` (a probe is under way) or `ramp` (it answers again and gets
    a growing share of its requests)."""
    until: float = 0.0
    """When the cooldown ends (open), the probe counts as lost (half open), or the ramp ends."""
    consecutive: int = 0
    trips: int = 0
    """How often it opened since it was last closed."""
    since: float = 0.0
    """When the current window began; `good` and `bad` count in it, `before_*` in the last one."""
    good: int = 0
    bad: int = 0
    before_good: int = 0
    before_bad: int = 0


NEW: Final = Breaker()


def begin(breaker: Breaker, now: float, settings: HealthSettings = DEFAULTS) -> Breaker:
    """A request is sent: the first one after a cooldown becomes the probe, alone.

    The very same breaker comes back unless this request is the probe.
    """
    if breaker.state == "closed" or now < breaker.until:
        return breaker
    if breaker.state == "ramp":
        return breaker._replace(state="closed", trips=0)
    return breaker._replace(state="half_open", until=now + settings.probe_timeout)


def succeeded(breaker: Breaker, now: float, settings: HealthSettings = DEFAULTS) -> Breaker:
    """An answer was finished, to its last byte. One from a provider that had stepped aside begins
    the ramp, at whose end whatever was held against it is forgotten. A provider that had only asked
    for time needs no ramp."""
    stepped_aside = breaker.state in ("open", "half_open")
    if stepped_aside and breaker.trips <= 1 and not _gives_up(breaker, settings):
        return Breaker(since=now, good=1)
    if stepped_aside:
        until = now + settings.ramp
        return Breaker(state="ramp", until=until, trips=breaker.trips, since=now, good=1)
    if breaker.state == "ramp" and now >= breaker.until:
        return Breaker(since=now, good=1)
    turned = _turned(breaker, now, settings)
    return turned._replace(consecutive=0, good=turned.good + 1)


def failed(
    breaker: Breaker,
    failure: str,
    now: float,
    rng: Rng,
    settings: HealthSettings = DEFAULTS,
    *,
    retry_after: float | None = None,
    probe: bool = True,
) -> Breaker:
    """An attempt ended in a failure of the class `failure`.

    `retry_after` is what the provider asked for, in seconds: it opens the breaker at once and for
    that long, up to `longest_wait`. On the ramp every failure opens it again. While a probe is
    under way, `probe` tells it from what was sent beside it because nothing else was left.
    """
    probe = probe and breaker.state == "half_open"
    ramping = breaker.state == "ramp" and now < breaker.until
    if failure not in COUNTED:
        # Nothing was learned: if this was the probe, the next request may be it.
        return breaker._replace(state="open", until=now) if probe else breaker
    asked = min(max(retry_after or 0.0, 0.0), settings.longest_wait)
    if breaker.state in ("open", "half_open") and not probe:
        # A last resort that failed too: known already, and no reason to wait longer.
        return breaker._replace(until=max(breaker.until, now + asked))
    turned = _turned(breaker, now, settings)
    consecutive, bad = turned.consecutive + 1, turned.bad + 1
    turned = turned._replace(state="closed", consecutive=consecutive, bad=bad)
    if not (probe or ramping or asked or _gives_up(turned, settings)):
        return turned
    doubled = settings.cooldown * 2.0 ** min(turned.trips, 30)
    cooldown = min(doubled, settings.longest_cooldown) * (1.0 + settings.jitter * rng.random())
    cooldown = max(asked, cooldown)
    return turned._replace(state="open", until=now + cooldown, trips=turned.trips + 1)


def _turned(breaker: Breaker, now: float, settings: HealthSettings) -> Breaker:
    """The breaker with its counting windows brought up to `now`."""
    age = now - breaker.since
    if age < settings.window:
        return breaker
    recent = age < 2 * settings.window
    return breaker._replace(
        since=now,
        good=0,
        bad=0,
        before_good=breaker.good if recent else 0,
        before_bad=breaker.bad if recent else 0,
    )


def _gives_up(breaker: Breaker, settings: HealthSettings) -> bool:
    if breaker.consecutive >= settings.consecutive_failures:
        return True
    bad = breaker.bad + breaker.before_bad
    answers = bad + breaker.good + breaker.before_good
    return answers >= settings.minimum_answers and bad >= settings.failure_ratio * answers


class HealthStatus(NamedTuple):
    """What routing wants to know of a candidate at this moment."""

    state: str = "closed"
    until: float = 0.0
    """When the cooldown ends, the probe counts as lost or the ramp ends; same clock as `now`."""
    saturated: bool = False
    """All of the provider's slots are taken."""
    request_percent: float | None = None
    """Share of the provider's limit already used; None where it has no limit. Percent."""
    token_percent: float | None = None
    budget_percent: float | None = None
    request_until: float = inf
    """When the provider counts afresh, so that `request_percent` is no news any more; same clock
    as `now`."""
    token_until: float = inf
    ramp: float = DEFAULTS.ramp
    """Seconds from the foot of the ramp to its end."""
    forced: bool = False
    """An operator wants it tried after all others."""

    @property
    def reports(self) -> bool:
        """The provider said how much of its limits is used."""
        return self.request_percent is not None or self.token_percent is not None

    def reported(self, word: str) -> Share | None:
        """The used share of the limit that `word` stands for: `request`, `token` or `budget`."""
        percent: float | None = getattr(self, f"{word}_percent", None)
        return None if percent is None else Share(percent, getattr(self, f"{word}_until", inf))

    def demoted(self, now: float) -> str | None:
        """Why the candidate is tried after the others, None when it is not.

        On the ramp it is not, and gets no more than `share` of the requests.
        """
        if self.forced:
            return "forced_open"
        if self.state in ("open", "half_open") and now < self.until:
            return "cooling_down"
        return "saturated" if self.saturated else None

    def share(self, now: float) -> float:
        """Of its requests, how many the candidate gets; 1 unless it is on the ramp."""
        left = self.until - now
        if self.state != "ramp" or left <= 0:
            return 1.0
        return max(LEAST_SHARE, 1.0 - left / self.ramp)


class HealthReader(Protocol):
    """Where routing reads the standing of candidates."""

    def status(self, provider: str, model: str) -> HealthStatus | None:
        """Of a casefolded provider name and a model; None when nothing is held against it."""

    def load(self, provider: str, model: str) -> int:
        """Requests under way."""

    def seconds(self, provider: str, model: str) -> float:
        """How long its answers take, as seen lately; 0 where nothing is known."""

    def answer_tokens(self, provider: str, model: str) -> float:
        """How long its answers are, as seen lately; 0 where nothing is known."""

    def wait(self, provider: str, model: str) -> float:
        """Seconds a request that comes now would wait in its queue; for local models alone."""


class Quiet:
    """Of a moment in which no request is under way, and nothing was measured."""

    def load(self, provider: str, model: str) -> int:
        return 0

    def seconds(self, provider: str, model: str) -> float:
        return 0.0

    def answer_tokens(self, provider: str, model: str) -> float:
        return 0.0

    def wait(self, provider: str, model: str) -> float:
        return 0.0


class _AllHealthy(Quiet):
    def status(self, provider: str, model: str) -> HealthStatus | None:
        return None


HEALTHY: Final[HealthReader] = _AllHealthy()
"""Nothing cools down and nothing is limited."""
