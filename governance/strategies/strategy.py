"""What a strategy is: the order in which the targets of a profile are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar


class Rng(Protocol):
    """The part of `random.Random` that routing draws from."""

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""


class Weighed(Protocol):
    """What an operator says about a target's place."""

    @property
    def priority(self) -> int: ...

    @property
    def weight(self) -> float: ...

    @property
    def position(self) -> int:
        """Place among the profile's targets, from 0."""

    @property
    def cost(self) -> float | None:
        """As that of an `Eligible` target."""


class Eligible(Protocol):
    """A target that configuration lets through."""

    @property
    def target(self) -> Weighed: ...

    @property
    def provider(self) -> str:
        """Casefolded, as health knows it."""

    @property
    def model(self) -> str: ...

    @property
    def cost(self) -> float | None:
        """US dollars the request is expected to come to there, where the strategy reads prices;
        None where no price is known."""


class HealthView(Protocol):
    """Where a strategy may read how candidates fare, None where nothing is held against one."""

    def status(self, provider: str, model: str) -> Any: ...

    def load(self, provider: str, model: str) -> int:
        """Requests under way."""
        ...

    def seconds(self, provider: str, model: str) -> float:
        """How long answers take, as seen lately; 0 where nothing is known."""
        ...

    def answer_tokens(self, provider: str, model: str) -> float:
        """How long answers are, as seen lately; 0 where nothing is known."""
        ...


class Complaint(NamedTuple):
    """A rule of a strategy that a profile's document breaks."""

    path: str
    code: str
    message: str


E = TypeVar("E", bound=Eligible)


def failover_key(target: Weighed) -> tuple[int, float, int]:
    """Sorts targets by priority up, then weight down, then position."""
    return target.priority, -target.weight, target.position


class Order(Protocol):
    """The order to try targets in, of those given in the order of `failover_key`.

    What comes out of a subset must follow the same law as ordering that subset alone: targets that
    cool down are moved behind the others afterwards.
    """

    def __call__(self, eligible: Sequence[E], health: HealthView, rng: Rng) -> Sequence[E]: ...


class OrderOfSession(Protocol):
    """As `Order`, drawn from `lot`, which gives each target a number above 0 and up to 1."""

    def __call__(self, eligible: Sequence[E], lot: Callable[[E], float]) -> Sequence[E]: ...


def no_rules(document: Mapping[str, Any]) -> Iterable[Complaint]:
    """The check of a strategy that takes every profile."""
    return ()


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy: how it orders targets, and what operators are told about it."""

    name: str
    label: str
    help: str
    """Half a sentence that goes on from the label."""
    order: Order
    first_probabilities: Callable[[Sequence[Weighed]], list[float]]
    """For each target, in the order given, the exact probability that it is tried first."""
    check: Callable[[Mapping[str, Any]], Iterable[Complaint]] = no_rules
    """Its own rules about a profile's document, whose targets are objects by then, not more."""
    order_of_session: OrderOfSession | None = None
    """The order a session gives the targets by lots of its own, where the strategy has one: then
    no memory is needed of who served it. Else the target that served it last comes first."""
    is_fixed: bool = False
    """The order is the same for every request, so that a session at its first choice needs no
    memory."""
    reads_weight: bool = False
    reads_priority: bool = False
    reads_prices: bool = False
    """It goes by what the request is expected to cost at each target."""
    extension: bool = False
    """Relatives of this service do not know it: a portable export writes the default instead."""
    estimates: bool = False
    """What it goes by is measured while requests run: shares are those of a quiet moment."""
    draws: bool = False
    """The order is drawn anew for every request, so that shares have something to tell."""
    rank: int = 100
    """Place where operators choose one; the first is the default."""
