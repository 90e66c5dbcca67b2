"""The rules a target of a routing profile must keep, alone and beside its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.kinds import FEATURES, MODALITIES, REQUEST_TYPES

WILDCARD: Final = "*"
TARGET_FIELDS: Final = (
    "provider",
    "virtual_model",
    "model",
    "priority",
    "weight",
    "request_types",
    "capabilities",
    "enabled",
    "rate_limit",
)
RATE_LIMIT_FIELDS: Final = (
    "request_percent_threshold",
    "token_percent_threshold",
    "budget_percent_threshold",
)
CAPABILITIES: Final = MODALITIES + FEATURES
PRIORITY_RANGE: Final = (-1_000_000, 1_000_000)
MAX_WEIGHT: Final = 1_000_000


def target_problems(document: object, path: str) -> list[Problem]:
    """What is wrong with one target found at `path`.

    `provider` is required but need not exist yet. A `virtual_model` that is set, `*` included,
    needs `model`: the document makes no exception for the wildcard. A target without
    `virtual_model` may leave `model` out too and passes on the name that was asked for.
    """
    if not isinstance(document, Mapping):
        message = f"A target must be an object, not {kind_of(document)}."
        return [Problem(path, "type", message)]
    fields = Fields(document, path)
    provider = fields.text("provider", required=True)
    if "/" in provider:
        fields.note("provider", "invalid", "provider must not contain a slash.")
    fields.text("virtual_model")
    fields.text("model")
    if _filled(document, "virtual_model") and not _given(document, "model"):
        fields.note("model", "required", "model is required where virtual_model is set.")
    fields.number("priority", *PRIORITY_RANGE, integer=True)
    fields.number("weight", 0, MAX_WEIGHT, default=1.0)
    fields.choices("request_types", REQUEST_TYPES)
    fields.choices("capabilities", CAPABILITIES)
    fields.flag("enabled", default=True)
    limits = document.get("rate_limit")
    if isinstance(limits, Mapping):
        within = Fields(limits, fields.path("rate_limit"), fields.found)
        for name in RATE_LIMIT_FIELDS:
            within.number(name, 0, 100)
    elif limits is not None:
        fields.note("rate_limit", "type", f"rate_limit must be an object, not {kind_of(limits)}.")
    return fields.found


def alias_problems(targets: Sequence[object], path: str) -> list[Problem]:
    """What is wrong with the aliases of a profile's targets taken together.

    Aliases are unique whatever their case, disabled targets included; of two equal ones the later
    gets the problem. `*` is no alias but the sign for all of them: several `*` targets are a
    profile's failover chain, and none may stand beside a named alias. A blank `virtual_model` is
    not a `*`: the document rejects only the mix of `*` with names, so blank targets may stand
    beside either, and serve as the fallback of every alias.
    """
    found: list[Problem] = []
    named: set[str] = set()
    wildcard: int | None = None
    for index, target in enumerate(targets):
        if not isinstance(target, Mapping) or not _filled(target, "virtual_model"):
            continue
        alias = str(target["virtual_model"]).strip().casefold()
        if alias == WILDCARD:
            wildcard = index if wildcard is None else wildcard
        elif alias in named:
            message = f'Another target of this profile already has the alias "{alias}".'
            found.append(Problem(f"{path}[{index}].virtual_model", "unique", message))
        named.add(alias)
    named.discard(WILDCARD)
    if wildcard is not None and named:
        message = "The wildcard * can not stand beside named aliases in one profile."
        found.append(Problem(f"{path}[{wildcard}].virtual_model", "wildcard_mixed", message))
    return found


def unknown_target_fields(document: object, path: str) -> list[Problem]:
    """A warning for each field of a target that this service does not know."""
    if not isinstance(document, Mapping):
        return []
    fields = Fields(document, path)
    fields.unknown(TARGET_FIELDS, "A target")
    limits = document.get("rate_limit")
    if isinstance(limits, Mapping):
        within = Fields(limits, fields.path("rate_limit"), fields.found)
        within.unknown(RATE_LIMIT_FIELDS, "A rate_limit")
    return fields.found


def _filled(document: Mapping[str, object], name: str) -> bool:
    """Whether the field holds text other than white space."""
    value = document.get(name)
    return isinstance(value, str) and bool(value.strip())


def _given(document: Mapping[str, object], name: str) -> bool:
    """Whether the field holds text, or something of a wrong type that was noted already."""
    value = document.get(name)
    return value is not None and (not isinstance(value, str) or bool(value.strip()))
