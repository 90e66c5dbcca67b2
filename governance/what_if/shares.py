"""The shares of a profile's targets while somebody types them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.routing.fields import Fields
from governance.routing.shares import shares
from governance.routing.table import Profile, Target
from governance.routing.target_rules import MAX_WEIGHT, PRIORITY_RANGE
from governance.strategies import DEFAULT


def draft_shares(document: Mapping[str, Any]) -> list[float | None]:
    """For each target of a draft, whatever state it is in, what `routing.shares` tells of it.

    Takes any JSON object and never raises. A target without a provider counts as switched off.
    While the weight or the priority of one cannot be read there is nothing to tell of those that
    compete with it: they have None.
    """
    listed, strategy = document.get("targets"), document.get("strategy")
    given = listed if isinstance(listed, list | tuple) else ()
    typed = [one if isinstance(one, Mapping) else {} for one in given]
    targets = tuple(_target(one, place) for place, one in enumerate(typed))
    profile = Profile(
        id="",
        name="",
        virtual_provider="",
        targets=targets,
        strategy=strategy if isinstance(strategy, str) else DEFAULT,
    )
    readable = tuple(map(_is_readable, typed))
    return shares(profile, readable)


def _target(document: Mapping[str, Any], place: int) -> Target:
    provider, alias = document.get("provider"), document.get("virtual_model")
    named = isinstance(provider, str) and bool(provider.strip())
    return Target(
        provider=provider if isinstance(provider, str) else "",
        virtual_model=alias.strip() if isinstance(alias, str) else "",
        priority=int(_number(document, "priority") or 0),
        weight=_number(document, "weight") or 0.0,
        enabled=named and document.get("enabled") is not False,
        position=place,
    )


def _is_readable(document: Mapping[str, Any]) -> bool:
    return None not in (_number(document, "priority"), _number(document, "weight"))


def _number(document: Mapping[str, Any], name: str) -> float | None:
    fields = Fields(document)
    if name == "weight":
        return fields.number(name, 0, MAX_WEIGHT, default=1.0)
    return fields.number(name, *PRIORITY_RANGE, integer=True)
