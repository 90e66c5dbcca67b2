"""The rules between the fields of a routing profile's target, and between its neighbours; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from governance.routing.fields import Problem
from governance.routing.vocabulary import FEATURES, MODALITIES
from governance.texts import gettext

WILDCARD: Final = "*"
CAPABILITIES: Final = MODALITIES + FEATURES
PRIORITY_RANGE: Final = (-1_000_000, 1_000_000)
MAX_WEIGHT: Final = 1_000_000


def target_problems(values: Mapping[str, object]) -> Iterator[Problem]:
    """What is wrong with one target, whose provider need not exist yet."""
    yield from provider_name_problems(values)
    yield from model_problems(values)


def provider_name_problems(values: Mapping[str, object]) -> Iterator[Problem]:
    """A slash would end the provider's name where callers write it before a model."""
    if "/" in str(values["provider"]):
        yield Problem("provider", "invalid", gettext("provider must not contain a slash."))


def model_problems(values: Mapping[str, object]) -> Iterator[Problem]:
    """A `virtual_model` that is set, `*` included, needs `model`.

    A target without `virtual_model` may leave `model` out too and passes on the name asked for.
    """
    model = values.get("model")
    given = model is not None and (not isinstance(model, str) or bool(model.strip()))
    if _filled(values, "virtual_model") and not given:
        yield Problem("model", "required", gettext("model is required where virtual_model is set."))


def alias_problems(targets: Sequence[object], path: str) -> Iterator[Problem]:
    """What is wrong with the aliases of a profile's targets taken together.

    Aliases are unique whatever their case, disabled targets included; of two equal ones the later
    gets the problem. `*` is no alias but the sign for all of them: several `*` targets are a
    profile's failover chain, and none may stand beside a named alias. A blank `virtual_model` is
    not a `*`: the document rejects only the mix of `*` with names, so blank targets may stand
    beside either, and serve as the fallback of every alias.
    """
    named: set[str] = set()
    wildcard: int | None = None
    for index, target in enumerate(targets):
        if not isinstance(target, Mapping) or not _filled(target, "virtual_model"):
            continue
        alias = str(target["virtual_model"]).strip().casefold()
        if alias == WILDCARD:
            wildcard = index if wildcard is None else wildcard
        elif alias in named:
            message = gettext(
                'Another target of this profile already has the alias "%(alias)s".'
            ) % {"alias": alias}
            yield Problem(f"{path}[{index}].virtual_model", "unique", message)
        named.add(alias)
    named.discard(WILDCARD)
    if wildcard is not None and named:
        message = gettext("The wildcard * can not stand beside named aliases in one profile.")
        yield Problem(f"{path}[{wildcard}].virtual_model", "wildcard_mixed", message)


def _filled(values: Mapping[str, object], name: str) -> bool:
    """Whether the field holds text other than white space."""
    value = values.get(name)
    return isinstance(value, str) and bool(value.strip())
