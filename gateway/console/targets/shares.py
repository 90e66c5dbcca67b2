"""What weights come to: the share of requests each target is tried first for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.console.targets.forms import TargetForm, TargetFormSet
from governance.models import RoutingTarget
from governance.routing.strategies import first_probabilities
from governance.routing.table import Target
from governance.routing.target_rules import WILDCARD

_NUMBERS: Final = ("weight", "priority")
_ALIAS: Final = "virtual_model"


def reads_weights(strategy: str) -> bool:
    """Whether targets have shares at all: otherwise their order says where requests go."""
    return strategy == "weighted"


def share(target: RoutingTarget, targets: Sequence[RoutingTarget]) -> str:
    """The share in percent of one of a weighted profile's targets; nothing when disabled.

    A target competes with those enabled that serve the same alias; one that serves every alias is
    told its share of the names no other target was given.
    """
    if not target.enabled:
        return ""
    rivals = _rivals(target, targets)
    chances = first_probabilities(
        [
            Target(
                provider=one.provider,
                priority=one.priority,
                weight=one.weight,
                position=one.position,
            )
            for one in rivals
        ]
    )
    return percent(chances[[one.position for one in rivals].index(target.position)])


def typed_shares(formset: TargetFormSet, strategy: str) -> dict[str, str]:
    """The shares of targets as they are typed, by the prefix of their row.

    The formset has been checked. A row has none that is switched off, names no provider, or
    competes with one whose weight or priority cannot be read.
    """
    if not reads_weights(strategy):
        return {}
    rows = formset.live_forms()
    targets = [_typed(form, place) for place, form in enumerate(rows)]
    unread = {
        place for place, form in enumerate(rows) if any(name in form.errors for name in _NUMBERS)
    }
    return {
        str(form.prefix): share(target, targets)
        for form, target in zip(rows, targets, strict=True)
        if not any(one.position in unread for one in _rivals(target, targets))
    }


def _typed(form: TargetForm, place: int) -> RoutingTarget:
    """What stands in the row, right or wrong; an unreadable number as its default."""
    found = form.cleaned_data
    provider, alias = (str(form[name].value() or "").strip() for name in ("provider", _ALIAS))
    return RoutingTarget(
        provider=provider,
        virtual_model=alias,
        priority=found["priority"] if found.get("priority") is not None else 0,
        weight=found["weight"] if found.get("weight") is not None else 1,
        enabled=bool(provider and found.get("enabled")),
        position=place,
    )


def _rivals(target: RoutingTarget, targets: Sequence[RoutingTarget]) -> list[RoutingTarget]:
    """Those a target shares requests with, itself among them."""
    alias = _alias(target)
    return [one for one in targets if one.enabled and _alias(one) in ("", alias)]


def _alias(target: RoutingTarget) -> str:
    alias = target.virtual_model.casefold()
    return "" if alias == WILDCARD else alias


def percent(part: float) -> str:
    """A part of one to a tenth of a percent; what is not nothing does not read as 0 %."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{part * 100:.1f}".removesuffix(".0") + " %"
