"""What was decided: the candidates in order, a verdict for every target, and why.

What is made for every request is a named tuple: see `routing_request`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from governance.routing.model_facts import UNKNOWN, ModelFacts
from governance.routing.table import Profile, ProviderEntry, Target

REJECTIONS: Final = (
    "target_disabled",
    "virtual_model_mismatch",
    "request_type_mismatch",
    "capability_mismatch",
    "provider_not_configured",
    "provider_disabled",
    "cloud_routing_disabled",
    "local_only",
    "model_missing",
    "drained",
    "context_too_small",
    "request_threshold_exceeded",
    "token_threshold_exceeded",
    "budget_threshold_exceeded",
)
"""Why a target is not a candidate; the first that applies, in this order. A closed list."""

OVERLOADED: Final = frozenset(
    {
        "drained",
        "request_threshold_exceeded",
        "token_threshold_exceeded",
        "budget_threshold_exceeded",
    }
)
"""Of these, the ones that say a provider takes nothing more at the moment."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider and a model to try."""

    provider: ProviderEntry
    model: str
    target: Target | None = None
    """None for the local fallback, which no target names."""
    facts: ModelFacts = UNKNOWN
    only_unreachable: bool = False
    """To be tried only if every other candidate could not be reached or was overloaded."""

    @property
    def is_local_fallback(self) -> bool:
        return self.target is None

    def same_place(self, other: Candidate) -> bool:
        """Whether both ask the same provider for the same model."""
        return self.model == other.model and self.provider.name == other.provider.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one target."""

    target: Target
    model: str
    """The model it would be asked for; empty when none is known."""
    rejection: str | None = None
    """One of `REJECTIONS`, None when kept."""
    detail: str = ""
    """A sentence for operators."""
    demoted: str | None = None
    """Kept, but tried after the healthy ones: `cooling_down`, `recovering`, `saturated`,
    `spilled` where its queue is long, or `forced_open` by an operator."""
    share: float = 1.0
    """Of requests like this one, how many find it among the healthy ones: less while it recovers,
    which is drawn for each request."""
    cost: float | None = None
    """US dollars that the request is expected to come to there, where the strategy goes by that."""

    @property
    def kept(self) -> bool:
        return self.rejection is None

    @property
    def stands(self) -> bool:
        """Kept, and in its place."""
        return self.rejection is None and self.demoted is None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is nothing to try, in terms every protocol can render."""

    status: int
    code: str
    message: str
    field: str | None = None


class ProfileChoice(NamedTuple):
    """Which profile the policy chose, and why."""

    profile: Profile
    reason: str
    alias: str | None = None
    """The virtual model asked for; None asks for no alias in particular."""
    skipped: tuple[tuple[str, str], ...] = ()
    """Mappings and heuristic rules passed over, as (which, why), for operators."""
    warning: str = ""
    """Set when nothing was found for the request and the local default takes it."""


class Plan(NamedTuple):
    """The way of one request: try `candidates` in order, or answer with `refusal`."""

    profile: Profile | None = None
    reason: str = ""
    """`caller_hint`, `api_key`, `virtual_model`, `provider_model`, `model_mapping`,
    `heuristic_rule:<name>` or `default`."""
    alias: str | None = None
    candidates: tuple[Candidate, ...] = ()
    """In the order to try them: healthy ones, demoted ones, the local fallback."""
    verdicts: tuple[Verdict, ...] = ()
    refusal: Refusal | None = None
    warning: str = ""
    """Set when the route itself failed and local inference takes over."""
    skipped: tuple[tuple[str, str], ...] = ()
    sticky: str = ""
    """Why the session leads to the first candidate: `hash` by its name, `served` since that one
    answered it last; empty where the strategy alone has decided."""
    remembers: bool = False
    """Whether the target that answers the session is to be remembered."""
    first_choice: Candidate | None = None
    """The target at which the session needs no memory, as every request goes there first."""
    repeats: bool = False
    """Every request like this one is given this very object, while the table is in force: also
    those of sessions of which nothing is remembered."""
