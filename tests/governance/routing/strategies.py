"""Random routing tables, requests and JSON for property tests, here and elsewhere."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from governance.kinds import KINDS
from governance.routing.breaker import HealthStatus
from governance.routing.compile import compile_table
from governance.routing.request import Features, RoutingRequest
from governance.routing.table import (
    Condition,
    HeuristicRuleEntry,
    ModelMappingEntry,
    Profile,
    ProviderEntry,
    RateLimit,
    RoutingTable,
    Target,
    VirtualKey,
)
from governance.routing.vocabulary import FEATURES, MODALITIES, REQUEST_TYPES
from governance.strategies import STRATEGIES
from tests.governance.routing.build import Standings, compile_regex

PROVIDERS = ("mlx", "Lab", "openai", "claude", "ghost")
"""Names of providers; `ghost` is in no table."""
ALIASES = ("large", "Small", "eyes")
MODELS = ("", "m1", "org/m2")
VIRTUAL_PROVIDERS = ("light", "Fast", "capable")
KEYS = ("", "key-1", "key-2")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["*", "light", "weighted", "chat", "vision", "\ud800", "\x00", " "]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def objects(*names: str) -> st.SearchStrategy[dict[str, object]]:
    """Objects in which any of the fields may be missing or hold any JSON value."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, json_values))


needs = st.sets(st.sampled_from(MODALITIES + FEATURES), max_size=3).map(frozenset)
capabilities = st.sets(st.sampled_from(MODALITIES + FEATURES), max_size=4).map(frozenset)
request_types = st.sets(st.sampled_from(REQUEST_TYPES), max_size=2).map(frozenset)
percents = st.floats(0, 100) | st.sampled_from([0.0, 50.0, 100.0])

rate_limits = st.builds(
    RateLimit, request_percent=percents, token_percent=percents, budget_percent=percents
) | st.just(RateLimit())

plain_targets = st.builds(
    Target,
    provider=st.sampled_from(PROVIDERS),
    model=st.sampled_from(MODELS),
    priority=st.integers(0, 2),
    weight=st.sampled_from([0.0, 1.0, 2.5, 10.0]),
    request_types=request_types | st.just(frozenset()),
    capabilities=capabilities | st.just(frozenset()),
    enabled=st.sampled_from([True, True, True, False]),
    rate_limit=rate_limits,
)


@st.composite
def targets(draw: st.DrawFn) -> tuple[Target, ...]:
    """The targets of one profile, keeping the rules about aliases."""
    drawn = draw(st.lists(plain_targets, min_size=1, max_size=4))
    names = draw(st.permutations((*ALIASES, "", "", "")))
    if draw(st.booleans()):
        names = [draw(st.sampled_from(["*", ""])) for _ in drawn]
    return tuple(
        replace(one, virtual_model=name, model=one.model or ("m3" if name else ""), position=index)
        for index, (one, name) in enumerate(zip(drawn, names, strict=False))
    )


@st.composite
def profiles(draw: st.DrawFn, virtual_provider: str) -> Profile:
    return Profile(
        id=f"id-{virtual_provider}",
        name=f"The {virtual_provider}",
        virtual_provider=virtual_provider,
        targets=draw(targets()),
        strategy=draw(st.sampled_from(list(STRATEGIES))),
        virtual_key_id=draw(st.sampled_from(KEYS)),
        enabled=draw(st.sampled_from([True, True, True, False])),
        local_fallback=draw(st.sampled_from(["default", "never"])),
        local_only=draw(st.booleans()),
    )


@st.composite
def providers(draw: st.DrawFn, name: str) -> ProviderEntry:
    kind = "mlx" if name == "mlx" else draw(st.sampled_from(list(KINDS)))
    return ProviderEntry(
        name=name,
        kind=kind,
        base_url="",
        is_local=KINDS[kind].engine or draw(st.booleans()),
        default_model=draw(st.sampled_from(MODELS)),
        capabilities=draw(capabilities | st.just(frozenset())),
        enabled=draw(st.sampled_from([True, True, True, False])),
        is_default=draw(st.booleans()),
    )


conditions = st.builds(
    Condition,
    feature=st.sampled_from(["last_user_characters", "tools", "messages"]),
    operator=st.sampled_from([">", "<=", "=="]),
    value=st.integers(0, 3),
) | st.just(Condition("reasoning", "==", True))

rules = st.builds(
    HeuristicRuleEntry,
    name=st.sampled_from(["short", "long"]),
    profile=st.sampled_from([*VIRTUAL_PROVIDERS, "absent"]),
    conditions=st.lists(conditions, max_size=2).map(tuple),
    match=st.sampled_from(["all", "any"]),
    enabled=st.booleans(),
)

mappings = st.builds(
    ModelMappingEntry,
    pattern=st.sampled_from(["gpt-4o", "gpt-", "gpt.*"]),
    match=st.sampled_from(["exact", "prefix", "regex"]),
    destination=st.sampled_from(["light/large", "mlx/m1", "Fast", "openai", "absent", "ghost/m"]),
    priority=st.integers(0, 2),
    enabled=st.booleans(),
)


@st.composite
def tables(draw: st.DrawFn) -> RoutingTable:
    names = draw(st.sets(st.sampled_from(PROVIDERS[:-1])))
    virtual = draw(st.lists(st.sampled_from(VIRTUAL_PROVIDERS), unique=True))
    return compile_table(
        version=draw(st.integers(0, 9)),
        providers=[draw(providers(name)) for name in sorted(names)],
        profiles=[draw(profiles(name)) for name in virtual],
        rules=draw(st.lists(rules, max_size=3)),
        mappings=draw(st.lists(mappings, max_size=3)),
        cloud_enabled=draw(st.booleans()),
        compile_regex=compile_regex,
    )


features = st.builds(
    Features,
    last_user_characters=st.integers(0, 4),
    messages=st.integers(0, 4),
    tools=st.integers(0, 4),
    reasoning=st.booleans(),
)

model_names = (
    st.sampled_from(["", "auto", "gpt-4o", "light", "nonsense", "/", "light/"])
    | st.builds(
        "{}/{}".format,
        st.sampled_from(VIRTUAL_PROVIDERS + PROVIDERS),
        st.sampled_from(ALIASES + MODELS[1:] + ("LARGE",)),
    )
    | st.text(max_size=6)
)

asks = st.builds(
    RoutingRequest,
    model=model_names,
    request_type=st.sampled_from(REQUEST_TYPES),
    required_capabilities=needs,
    profile_hint=st.none()
    | st.sampled_from(["light", "id-Fast", "the capable", "mlx", "OPENAI", "absent", ""]),
    features=features,
)

virtual_keys = st.builds(
    VirtualKey,
    id=st.sampled_from(KEYS),
    name=st.just("key"),
    scopes=st.just(frozenset({"inference"})),
    profile=st.sampled_from(["", "", "id-light", "id-absent"]),
    local_fallback=st.sampled_from(["default", "never"]),
    local_only=st.booleans(),
)

standings = st.builds(
    HealthStatus,
    state=st.sampled_from(["closed", "open", "half_open"]),
    until=st.floats(0, 20),
    saturated=st.booleans(),
    request_percent=st.none() | percents,
    token_percent=st.none() | percents,
    budget_percent=st.none() | percents,
)

healths = st.dictionaries(
    st.tuples(
        st.sampled_from([name.casefold() for name in PROVIDERS]),
        st.sampled_from([*ALIASES, "m1", "org/m2", "m3"]),
    ),
    standings,
    max_size=5,
).map(Standings)
