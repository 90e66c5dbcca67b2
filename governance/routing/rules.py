"""The rules between fields, and between rows, of what operators write; pure.

What one field may hold is said by the models. These rules read values that may be wrong already:
they raise nothing, and say nothing of what is not of its type. Models call them in `clean()`,
serializers while they read a document, so that each problem is found once and at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Final, TypeAlias

from governance.routing.fallback_modes import CHOICES
from governance.routing.fields import Problem
from governance.routing.target_rules import alias_problems, target_problems
from governance.strategies import STRATEGIES
from governance.texts import gettext

Values = Mapping[str, Any]

Identity: TypeAlias = tuple[str, str, str]
"""Id, name and virtual provider of another profile."""
ProviderNames: TypeAlias = Mapping[str, bool] | Iterable[str]
"""Names of the real providers; as a mapping, whether each is local."""

LOCAL_FALLBACKS: Final = tuple(word for word, _ in CHOICES)
MAX_TARGETS: Final = 100
RESERVED_IDS: Final = frozenset({"export", "import", "simulate", ".", ".."})
"""Words that mean something else where an id stands in a path of the REST API."""

_ID = re.compile(r"[^\s/?#%\\]+")
_VIRTUAL_PROVIDER = re.compile(r"[^\s/]+")


def profile_problems(
    values: Values, *, others: Iterable[Identity] = (), providers: ProviderNames = ()
) -> Iterator[Problem]:
    """Every rule between the fields of one profile, its targets and what stands beside it."""
    names = locality(providers)
    yield from identity_problems(values, taken(others), names)
    targets = values["targets"]
    yield from target_count_problems(targets)
    for index, target in enumerate(targets):
        path = f"targets[{index}]"
        yield from (one.under(path) for one in target_problems(target))
        if values["local_only"]:
            yield from (one.under(path) for one in reach_problems(target, names))
    if targets:
        yield from target_set_problems(values, targets)
    yield from shadow_problems(values, names)
    if values["shadow_target"] and values["shadow_percent"] is None:
        yield Problem("shadow.percent", "required", gettext("percent is required."))


def shadow_problems(values: Values, locality: Mapping[str, bool]) -> Iterator[Problem]:
    """A shadow names a provider, which need not exist yet, and a model of it."""
    said = values["shadow_target"]
    if not said:
        return
    provider, _, model = str(said).partition("/")
    if not provider.strip() or not model.strip():
        message = gettext(
            "target must be a provider and a model with a slash between, as openai/gpt-5."
        )
        yield Problem("shadow.target", "invalid", message)
    elif values["local_only"]:
        for one in reach_problems({"provider": provider}, locality):
            yield Problem("shadow.target", one.code, one.message)


def taken(identities: Iterable[Identity]) -> set[tuple[str, str]]:
    """What no further profile may have, as (field, value)."""
    found: set[tuple[str, str]] = set()
    for identity, name, virtual in identities:
        found.add(("id", identity))
        found.add(("name", name.casefold()))
        found.add(("virtual_provider", virtual.casefold()))
    return found


def locality(providers: ProviderNames) -> dict[str, bool]:
    """Casefolded provider names and whether each is local; True where nobody said."""
    if isinstance(providers, Mapping):
        return {name.casefold(): bool(local) for name, local in providers.items()}
    return {name.casefold(): True for name in providers}


def identity_problems(
    values: Values, taken: Set[tuple[str, str]], providers: Mapping[str, bool]
) -> Iterator[Problem]:
    """`id` is unique, `name` and `virtual_provider` are whatever their case.

    A virtual provider is never the name of a real one. It stands before the slash of
    `virtual_provider/virtual_model`, so it holds neither slash nor white space.
    """
    identity, name, virtual = values["id"], values["name"], values["virtual_provider"]
    if identity in RESERVED_IDS:
        yield Problem(
            "id",
            "reserved",
            gettext('"%(identity)s" is a word of the API and can not be an id.')
            % {"identity": identity},
        )
    elif identity and not _ID.fullmatch(identity):
        message = gettext("id must not contain white space nor any of the characters / ? # % \\.")
        yield Problem("id", "invalid", message)
    if virtual and not _VIRTUAL_PROVIDER.fullmatch(virtual):
        message = gettext("virtual_provider must not contain a slash or white space.")
        yield Problem("virtual_provider", "invalid", message)
    if virtual and virtual.casefold() in providers:
        message = gettext(
            'virtual_provider "%(virtual)s" is the name of a configured provider.'
        ) % {"virtual": virtual}
        yield Problem("virtual_provider", "provider_name", message)
    for field, value, key in (
        ("id", identity, identity),
        ("name", name, name.casefold()),
        ("virtual_provider", virtual, virtual.casefold()),
    ):
        if value and (field, key) in taken:
            message = gettext('Another routing profile already has the %(field)s "%(value)s".') % {
                "field": field,
                "value": value,
            }
            yield Problem(field, "unique", message)


def target_count_problems(targets: Sequence[object]) -> Iterator[Problem]:
    """There is at least one target, and no more than anyone would read."""
    if not targets:
        yield Problem(
            "targets", "required", gettext("A routing profile needs at least one target.")
        )
    elif len(targets) > MAX_TARGETS:
        message = gettext("A routing profile has at most %(max_targets)s targets.") % {
            "max_targets": MAX_TARGETS
        }
        yield Problem("targets", "too_many", message)


def reach_problems(target: object, locality: Mapping[str, bool]) -> Iterator[Problem]:
    """A `local_only` profile names no provider known to leave the machine in an enabled target.

    Of a provider that does not exist yet nothing is known; the resolver sees to it then.
    """
    if isinstance(target, Mapping) and target.get("enabled") is not False:
        provider = target.get("provider")
        if isinstance(provider, str) and not locality.get(provider.casefold(), True):
            message = gettext('"%(provider)s" is not local, and this profile is local_only.') % {
                "provider": provider
            }
            yield Problem("provider", "not_local", message)


def target_set_problems(values: Values, targets: Sequence[object]) -> Iterator[Problem]:
    """The aliases go together, and the strategy has rules of its own."""
    yield from alias_problems(targets, "targets")
    strategy = STRATEGIES.get(values["strategy"])
    if strategy is not None:
        for complaint in strategy.check({**values, "targets": targets}):
            yield Problem(*complaint)


def key_problems(values: Values) -> Iterator[Problem]:
    """A key without a scope could do nothing."""
    if values["scopes"] in (None, [], ()):
        yield Problem("scopes", "required", gettext("An API key needs at least one scope."))


def confinement_problems(preferred: object, confined: object) -> Iterator[Problem]:
    """A key prefers no profile that it may not use."""
    if preferred and isinstance(confined, list | tuple) and confined and preferred not in confined:
        message = gettext('The key is confined to other routing profiles than "%(preferred)s".') % {
            "preferred": preferred
        }
        yield Problem("routing_profile", "confined", message)


def rule_problems(values: Values, *, others: Iterable[str] = ()) -> Iterator[Problem]:
    """No two heuristic rules share a name; `others` are the names of the other ones."""
    name = values["name"]
    if name and name.casefold() in {other.casefold() for other in others}:
        message = gettext('Another heuristic rule already has the name "%(name)s".') % {
            "name": name
        }
        yield Problem("name", "unique", message)


def mapping_problems(
    values: Values,
    *,
    others: Iterable[tuple[str, str]] = (),
    complaint: Callable[[str], str],
) -> Iterator[Problem]:
    """`others` are match and pattern of the other mappings.

    `complaint` says what is wrong with a regular expression, "" when nothing is: the engine that
    matches them decides.
    """
    pattern, match = values["pattern"], values["match"]
    if pattern and match == "regex":
        why = complaint(pattern)
        if why:
            yield Problem(
                "pattern",
                "regex",
                gettext("pattern is no regular expression: %(why)s.") % {"why": why},
            )
    if pattern and _key(match, pattern) in {_key(*other) for other in others}:
        yield Problem(
            "pattern",
            "unique",
            gettext('Another %(match)s mapping has the pattern "%(pattern)s".')
            % {"match": match, "pattern": pattern},
        )


def _key(match: str, pattern: str) -> tuple[str, str]:
    return match, pattern if match == "regex" else pattern.casefold()
