"""The share of requests each target is tried first for, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.console.targets.forms import TargetForm, TargetFormSet
from governance.models import RoutingTarget
from governance.routing.shares import shares
from governance.routing.table import Profile, Target

_NUMBERS: Final = ("weight", "priority")


def share(target: RoutingTarget, targets: Sequence[RoutingTarget]) -> str:
    """The share in percent of one of a profile's saved targets; nothing where there is none."""
    held = tuple(
        Target(
            provider=one.provider,
            virtual_model=one.virtual_model,
            priority=one.priority,
            weight=one.weight,
            enabled=one.enabled,
            position=one.position,
        )
        for one in targets
    )
    found = shares(_profile(held, target.profile.strategy))
    part = found[[one.position for one in targets].index(target.position)]
    return "" if part is None else percent(part)


def typed_shares(formset: TargetFormSet, strategy: str) -> dict[str, str]:
    """The shares of targets as they are typed, by the prefix of their row.

    The formset has been checked. A row has none that is switched off, names no provider, or
    competes with one whose weight or priority cannot be read.
    """
    rows = formset.live_forms()
    targets = tuple(_typed(form, place) for place, form in enumerate(rows))
    readable = [not any(name in form.errors for name in _NUMBERS) for form in rows]
    found = shares(_profile(targets, strategy), readable)
    return {
        str(form.prefix): percent(part)
        for form, part in zip(rows, found, strict=True)
        if part is not None
    }


def _profile(targets: tuple[Target, ...], strategy: str) -> Profile:
    return Profile("", "", "", targets, strategy)


def _typed(form: TargetForm, place: int) -> Target:
    """What stands in the row, right or wrong; an unreadable number as its default."""
    found = form.cleaned_data
    provider, alias = (
        str(form[name].value() or "").strip() for name in ("provider", "virtual_model")
    )
    return Target(
        provider=provider,
        virtual_model=alias,
        priority=found["priority"] if found.get("priority") is not None else 0,
        weight=found["weight"] if found.get("weight") is not None else 1,
        enabled=bool(provider and found.get("enabled")),
        position=place,
    )


def percent(part: float) -> str:
    """A part of one to a tenth of a percent; what is not nothing does not read as 0 %."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{part * 100:.1f}".removesuffix(".0") + " %"
