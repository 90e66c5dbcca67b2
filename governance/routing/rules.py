"""The rules every routing profile must keep, whichever door it comes in by.

Admin, REST API and import all ask here, so that the same document meets the same rules and the
operator the same sentences. Names and rules are those of the Routing Profiles API document; what
goes beyond it (types, ranges, sizes, characters) keeps a saved profile usable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final, TypeAlias

from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.provider_rules import provider_problems
from governance.routing.target_rules import (
    alias_problems,
    target_problems,
    unknown_target_fields,
)
from governance.strategies import DEFAULT, STRATEGIES

__all__ = [
    "LOCAL_FALLBACKS",
    "MAX_TARGETS",
    "Problem",
    "problems",
    "provider_problems",
    "set_problems",
    "unknown_fields",
]

ProviderNames: TypeAlias = Mapping[str, bool] | Iterable[str]
"""Names of the real providers; as a mapping, whether each is local."""
Identity: TypeAlias = tuple[str, str, str]
"""Id, name and virtual provider of another profile."""

PROFILE_FIELDS: Final = (
    "id",
    "name",
    "description",
    "virtual_provider",
    "virtual_key_id",
    "enabled",
    "strategy",
    "targets",
    "local_fallback",
    "local_only",
)
LOCAL_FALLBACKS: Final = ("default", "never")
MAX_TARGETS: Final = 100

RESERVED_IDS: Final = frozenset({"export", "import", "simulate", ".", ".."})
"""Words that mean something else where an id stands in a path of the REST API."""

_ID = re.compile(r"[^\s/?#%\\]+")
_VIRTUAL_PROVIDER = re.compile(r"[^\s/]+")


def problems(
    document: object, *, others: Iterable[Identity] = (), providers: ProviderNames = ()
) -> list[Problem]:
    """Every rule that one profile document breaks; empty when it may be saved.

    Takes any JSON value and never raises. `others` are the other profiles it must not collide
    with, `providers` the configured real providers.

    - `id`, `name` and `virtual_provider` are required; `id` is unique, `name` and
      `virtual_provider` are unique whatever their case, and `virtual_provider` is never the name
      of a real provider. It stands before the slash of `virtual_provider/virtual_model`, so it
      holds neither slash nor white space.
    - `strategy` is one of `governance.strategies` (the default also when absent) and has rules of
      its own: a weighted profile needs a target whose weight is above 0.
    - There is at least one target, each keeps the rules of `target_rules.target_problems`, and
      together those of `target_rules.alias_problems`.
    - A `local_only` profile names no provider known to leave the machine in an enabled target.
      Of a provider that does not exist yet nothing is known; the resolver sees to it then.
    """
    return _problems(document, _taken(others), _locality(providers))


def _problems(
    document: object, taken: Set[tuple[str, str]], names: Mapping[str, bool]
) -> list[Problem]:
    if not isinstance(document, Mapping):
        message = f"A routing profile must be an object, not {kind_of(document)}."
        return [Problem("", "type", message)]
    fields = Fields(document)
    _check_identity(fields, taken, names)
    fields.text("description", prose=True)
    fields.text("virtual_key_id")
    fields.flag("enabled", default=True)
    strategy = fields.choice("strategy", tuple(STRATEGIES), default=DEFAULT)
    fields.choice("local_fallback", LOCAL_FALLBACKS, default="default")
    local_only = fields.flag("local_only", default=False)
    targets = document.get("targets")
    if targets is not None and not isinstance(targets, list | tuple):
        fields.note("targets", "type", f"targets must be a list, not {kind_of(targets)}.")
    elif not targets:
        fields.note("targets", "required", "A routing profile needs at least one target.")
    elif len(targets) > MAX_TARGETS:
        fields.note("targets", "too_many", f"A routing profile has at most {MAX_TARGETS} targets.")
    else:
        _check_targets(fields, targets, strategy, names if local_only else {})
    return fields.found


def set_problems(documents: object, providers: ProviderNames = ()) -> list[Problem]:
    """Every rule broken by a set of profiles that is to replace all others.

    Paths begin with `routing_profiles[n]`. The profiles must be unique among each other; of two
    that collide the later one gets the problem.
    """
    if not isinstance(documents, list | tuple):
        message = f"routing_profiles must be a list, not {kind_of(documents)}."
        return [Problem("routing_profiles", "type", message)]
    names = _locality(providers)
    found: list[Problem] = []
    taken: set[tuple[str, str]] = set()
    for index, document in enumerate(documents):
        broken = _problems(document, taken, names)
        found += [problem.under(f"routing_profiles[{index}]") for problem in broken]
        if isinstance(document, Mapping):
            taken |= _taken([_identity(document)])
    return found


def unknown_fields(document: object) -> list[Problem]:
    """A warning for each field of a profile that this service does not know.

    Such fields have no effect and are not kept; saying so is better than losing them in silence.
    """
    if not isinstance(document, Mapping):
        return []
    fields = Fields(document)
    fields.unknown(PROFILE_FIELDS, "A routing profile")
    targets = document.get("targets")
    for index, target in enumerate(targets if isinstance(targets, list | tuple) else ()):
        fields.found += unknown_target_fields(target, f"targets[{index}]")
    return fields.found


def _locality(providers: ProviderNames) -> dict[str, bool]:
    """Casefolded provider names and whether each is local; True where nobody said."""
    if isinstance(providers, Mapping):
        return {name.casefold(): bool(local) for name, local in providers.items()}
    return {name.casefold(): True for name in providers}


def _identity(document: Mapping[str, object]) -> Identity:
    def text(name: str) -> str:
        value = document.get(name)
        return value if isinstance(value, str) else ""

    return text("id"), text("name"), text("virtual_provider")


def _taken(identities: Iterable[Identity]) -> set[tuple[str, str]]:
    """What no further profile may have, as (field, value)."""
    taken: set[tuple[str, str]] = set()
    for identity, name, virtual in identities:
        taken.add(("id", identity))
        taken.add(("name", name.casefold()))
        taken.add(("virtual_provider", virtual.casefold()))
    return taken


def _check_identity(
    fields: Fields, taken: Set[tuple[str, str]], providers: Mapping[str, bool]
) -> None:
    identity = fields.text("id", required=True)
    name = fields.text("name", required=True)
    virtual = fields.text("virtual_provider", required=True)
    if identity in RESERVED_IDS:
        fields.note("id", "reserved", f'"{identity}" is a word of the API and can not be an id.')
    elif identity and not _ID.fullmatch(identity):
        message = "id must not contain white space nor any of the characters / ? # % \\."
        fields.note("id", "invalid", message)
    if virtual and not _VIRTUAL_PROVIDER.fullmatch(virtual):
        message = "virtual_provider must not contain a slash or white space."
        fields.note("virtual_provider", "invalid", message)
    if virtual and virtual.casefold() in providers:
        message = f'virtual_provider "{virtual}" is the name of a configured provider.'
        fields.note("virtual_provider", "provider_name", message)
    for field, value, key in (
        ("id", identity, identity),
        ("name", name, name.casefold()),
        ("virtual_provider", virtual, virtual.casefold()),
    ):
        if value and (field, key) in taken:
            message = f'Another routing profile already has the {field} "{value}".'
            fields.note(field, "unique", message)


def _check_targets(
    fields: Fields, targets: Sequence[object], strategy: str, locality: Mapping[str, bool]
) -> None:
    for index, target in enumerate(targets):
        path = f"targets[{index}]"
        fields.found += target_problems(target, path)
        if isinstance(target, Mapping) and target.get("enabled") is not False:
            provider = target.get("provider")
            if isinstance(provider, str) and not locality.get(provider.casefold(), True):
                message = f'"{provider}" is not local, and this profile is local_only.'
                fields.note(f"{path}.provider", "not_local", message)
    fields.found += alias_problems(targets, "targets")
    if strategy:
        complaints = STRATEGIES[strategy].check({**fields.document, "targets": targets})
        fields.found += [Problem(*complaint) for complaint in complaints]
