"""The RoutingTable: everything operators decided, as one immutable value.

Names are looked up casefolded. The request path reads a table by reference and never changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from governance.limits.counting.binding import LimitIndex, groups_above
from governance.routing.memo import Memo
from governance.routing.model_facts import ModelFacts, SaidFacts, known_facts
from governance.routing.overrides import NONE as NO_OVERRIDES
from governance.routing.overrides import Overrides


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Skip the target once this share of its provider's limit is used; percent, 0 to 100."""

    request_percent: float = 100.0
    token_percent: float = 100.0
    budget_percent: float = 100.0

    def allowed(self, word: str) -> float:
        """The share at which the limit that `word` stands for is too far used."""
        percent: float = getattr(self, f"{word}_percent", 100.0)
        return percent


@dataclass(frozen=True, slots=True)
class Target:
    """One concrete place a profile may send a request to."""

    provider: str
    model: str = ""
    virtual_model: str = ""
    """The alias this target serves; empty or `*` serves every alias."""
    priority: int = 0
    weight: float = 1.0
    request_types: frozenset[str] = frozenset()
    """Empty: every request type."""
    capabilities: frozenset[str] = frozenset()
    """Empty: takes every request."""
    enabled: bool = True
    hedge_after: float | None = None
    """Seconds; None: as the profile says."""
    rate_limit: RateLimit = RateLimit()
    position: int = 0
    """Place among the profile's targets as the operator ordered them, from 0."""
    cost: float | None = None
    """US dollars that one request is expected to come to here, where a strategy is asked about
    that request; None where no price is known."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """For how long an answer is given again to the same request, and to whom."""

    ttl: float
    """Seconds."""
    scope: str = "key"
    """`key`: only to the key that asked first; `shared`: to every key that may use the profile."""
    tools: bool = False
    """Also where the request has tools."""
    cadence: bool = False
    """A stream comes again as slowly as it came first, and not at once."""


@dataclass(frozen=True, slots=True)
class ShadowPolicy:
    """Where a copy of some requests goes whose answer nobody waits for."""

    target: str
    """`provider/model`."""
    percent: float
    """Of requests, of which a copy is sent."""

    @property
    def place(self) -> tuple[str, str]:
        """Provider and model; a model's name may hold slashes."""
        provider, _, model = self.target.partition("/")
        return provider, model


@dataclass(frozen=True, slots=True)
class Profile:
    """A virtual provider and the targets behind it."""

    id: str
    name: str
    virtual_provider: str
    targets: tuple[Target, ...]
    strategy: str = "ordered_failover"
    description: str = ""
    virtual_key_id: str = ""
    """Public id of the only API key that may use this profile; empty: every key."""
    enabled: bool = True
    local_fallback: str = "default"
    """`default`, which follows the installation, `always`, `unreachable` or `never`."""
    local_only: bool = False
    retries: int | None = None
    """On each target; None: none while another is left, one on the last."""
    hedge_after: float | None = None
    """Seconds without a first token; None: the default, and only for streams. 0: never."""
    sticky_sessions: bool = True
    return_after: float = 300.0
    """Seconds for which the first choice has been healthy when sessions go back to it."""
    on_broken_stream: str = "continue"
    """`continue` or `error`."""
    spill_after: float | None = None
    """Seconds in the queue of a local target beyond which the next one goes first; None: never."""
    cache: CachePolicy | None = None
    shadow: ShadowPolicy | None = None
    implicit: bool = False
    """Made on the fly for a request that named a real provider; no row stands behind it."""


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """A place that answers, with all that a request needs to get there.

    Times are seconds, None means no limit. `api_key` is the decrypted credential and never shows
    in a repr.
    """

    name: str
    kind: str
    base_url: str
    is_local: bool
    api_key: str = field(default="", repr=False)
    default_model: str = ""
    models: tuple[str, ...] = ()
    """Models known to be there, for listing; a provider may serve others too."""
    responses_models: tuple[str, ...] = ()
    """Which of its models speak OpenAI's Responses API, see `kinds.responses_api`; empty: what the
    kind says of the address."""
    capabilities: frozenset[str] = frozenset()
    """Modalities and features its models take; empty: everything."""
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    connect_timeout: float = 10.0
    first_event_timeout: float = 120.0
    idle_timeout: float = 60.0
    total_timeout: float | None = 600.0
    max_concurrency: int | None = None
    enabled: bool = True
    is_default: bool = False
    model_facts: tuple[SaidFacts, ...] = ()
    """What operators say of its models."""

    def __hash__(self) -> int:
        """By name alone, of which there are no two in a table: what is made ready for a provider is
        looked up for every request."""
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class VirtualKey:
    """What an API key allows. Found in the table by the SHA-256 of the key."""

    id: str
    name: str
    scopes: frozenset[str]
    profile: str = ""
    """Id of the profile bound to the key; empty: none."""
    confined_to: frozenset[str] = frozenset()
    """Ids of the only profiles the key may use; empty: every one."""
    priority: str = "normal"
    """`high`, `normal` or `low`: place in the local engine's queue."""
    local_fallback: str = "default"
    local_only: bool = False
    enabled: bool = True
    expires_at: float | None = None
    """Unix time in seconds."""
    group: str = ""
    """Id of the group it belongs to; empty: none."""
    owner: str = ""
    """Name of the user whom it belongs to; empty: nobody in particular."""
    addresses: tuple[str, ...] = ()
    """Networks it may be used from; empty: everywhere."""
    endpoints: tuple[str, ...] = ()
    """Paths it may be used on; empty: all."""
    replaced: bool = False
    """Found by the secret from before it was rotated."""


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A customer or team that keys belong to."""

    id: str
    name: str
    parent: str = ""
    """Id of the group above; empty: none."""


@dataclass(frozen=True, slots=True)
class ModelPriceEntry:
    """What an operator says a provider's model costs: US dollars for a million tokens."""

    provider: str
    """Empty: every one."""
    model: str
    """A glob."""
    input: Decimal
    output: Decimal
    cached_read: Decimal | None = None
    cached_write: Decimal | None = None
    reasoning: Decimal | None = None
    request: Decimal | None = None
    """US dollars for each request."""
    valid_from: float = 0.0
    """Unix time in seconds."""


ANONYMOUS = VirtualKey(id="", name="anonymous", scopes=frozenset({"inference"}))
"""The key of a request without a key, where the installation does not require one."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a heuristic rule: `feature` `operator` `value`."""

    feature: str
    operator: str
    value: float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeuristicRuleEntry:
    """Sends requests without a model to a profile when its conditions hold."""

    name: str
    profile: str
    """Id, name or virtual provider; it need not exist yet."""
    conditions: tuple[Condition, ...] = ()
    match: str = "all"
    """`all` or `any` of the conditions; without conditions the rule always matches."""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ModelMappingEntry:
    """Turns a model name that clients hard-code into a profile or a `provider/model`."""

    pattern: str
    match: str
    """`exact`, `prefix` or `regex`."""
    destination: str
    """`virtual_provider/virtual_model`, `provider/model`, or the handle of a profile."""
    priority: int = 0
    enabled: bool = True
    test: Callable[[str], bool] | None = field(default=None, repr=False, compare=False)
    """The compiled test; whoever builds the table brings a linear-time one for regexes."""


ExpectedCost = Callable[[ProviderEntry, str, float, float], float | None]


def _unknown_cost(
    provider: ProviderEntry, model: str, prompt: float, answer: float
) -> float | None:
    return None


def _nothing() -> Mapping[str, Profile]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """One consistent state of the configuration. Build it with `compile.compile_table`."""

    version: int = 0
    providers: Mapping[str, ProviderEntry] = field(default_factory=lambda: MappingProxyType({}))
    """By casefolded name."""
    profiles: Mapping[str, Profile] = field(default_factory=_nothing)
    """By id."""
    by_virtual_provider: Mapping[str, Profile] = field(default_factory=_nothing)
    """By casefolded virtual provider; enabled and disabled ones."""
    by_handle: Mapping[str, Profile] = field(default_factory=_nothing)
    """By casefolded id, name and virtual provider; an id beats a virtual provider beats a name."""
    virtual_keys: Mapping[bytes, VirtualKey] = field(default_factory=lambda: MappingProxyType({}))
    """By SHA-256 digest of the key."""
    rules: tuple[HeuristicRuleEntry, ...] = ()
    """In the order operators gave them."""
    mappings: tuple[ModelMappingEntry, ...] = ()
    """By priority ascending, then in row order."""
    default: ProviderEntry | None = None
    local_default: ProviderEntry | None = None
    """Where a failed or empty route falls to."""
    cloud_enabled: bool = False
    groups: Mapping[str, GroupEntry] = field(default_factory=lambda: MappingProxyType({}))
    """By id."""
    limits: LimitIndex = field(default_factory=LimitIndex, compare=False)
    prices: tuple[ModelPriceEntry, ...] = ()
    """What counts before the public price list."""
    local_fallback: str = "always"
    """What the installation says: `always`, `unreachable` or `never`; see `routing.fallback`."""
    context_lengths: Mapping[tuple[str, str, str], int] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """What the catalogue of models knows, by kind, base URL and model of a provider."""
    overrides: Overrides = field(default_factory=lambda: NO_OVERRIDES)
    """What operators decided about providers for a while; see `routing.overrides`."""
    expected_cost: ExpectedCost = field(default=_unknown_cost, repr=False, compare=False)
    """By provider, model, tokens of the prompt and of the answer: US dollars by the list prices of
    this moment; None where none is known."""
    memo: Memo = field(default_factory=Memo, init=False, repr=False, compare=False)
    """What was worked out from this table before; ends with it."""

    def groups_of(self, key: VirtualKey) -> tuple[str, ...]:
        """The key's group and those above it, the nearest first."""
        if not key.group:
            return ()
        memo_key = "groups", key.group
        found: tuple[str, ...] | None = self.memo.get(memo_key)
        if found is None:
            found = groups_above(key.group, self._parent_of)
            self.memo.put(memo_key, found)
        return found

    def _parent_of(self, group: str) -> str:
        entry = self.groups.get(group)
        return "" if entry is None else entry.parent

    def facts(self, provider: ProviderEntry, model: str) -> ModelFacts:
        """What is known of a model at a provider."""
        key = ("facts", provider.name, model)
        found: ModelFacts | None = self.memo.get(key)
        if found is None:
            listed = self.context_lengths.get((provider.kind, provider.base_url, model))
            found = known_facts(provider.kind, provider.model_facts, model, listed)
            self.memo.put(key, found)
        return found
