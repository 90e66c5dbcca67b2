"""Writing a part of a profile: more targets, or its switch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from governance.errors import Invalid
from governance.routing.fields import Problem
from governance.routing.target_rules import PRIORITY_RANGE
from governance.services.change import SHOWN
from governance.services.profiles import Saved, find_profile, revise_profile, save_profile

Document = dict[str, Any]


def add_models(
    provider: str,
    models: Iterable[str],
    *,
    who: str,
    profile: str | Mapping[str, Any],
    aliases: bool = False,
    enabled: bool = True,
) -> Saved:
    """Makes each of the provider's `models` a target of a profile: all of them, or none.

    `profile` is the id of one, whose targets stay before them, or the document of a new one. With
    `aliases` each serves the virtual model of its own name, else every name asked of the profile.
    Raises `Invalid`, `NotFound`.
    """
    names = list(dict.fromkeys(models))
    if not names:
        raise Invalid(Problem("models", "required", "Tick at least one model."))
    targets = [
        {
            "provider": provider,
            "model": name,
            "virtual_model": name if aliases else "",
            "enabled": enabled,
        }
        for name in names
    ]
    if isinstance(profile, Mapping):
        return save_profile({**profile, "targets": targets}, who=who)

    def extended(document: Document) -> Document:
        held = document["targets"]
        _check_new(held, targets)
        behind = min(max((one["priority"] for one in held), default=-1) + 1, PRIORITY_RANGE[1])
        return {**document, "targets": [*held, *({**one, "priority": behind} for one in targets)]}

    words = f'Added to routing profile "{find_profile(profile).name}": {_listed(provider, names)}.'
    return revise_profile(profile, extended, who=who, words=words)


def switch_profile(identity: str, enabled: bool, *, who: str) -> Saved:
    """Switches a profile on or off. Raises `Invalid`, `NotFound`."""
    return revise_profile(identity, lambda held: {**held, "enabled": enabled}, who=who)


def _listed(provider: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"{provider}/{name}" for name in names[:SHOWN]) + more


def _check_new(held: Iterable[Document], targets: Iterable[Document]) -> None:
    """The same place under the same name twice would be tried twice for nothing."""
    known = {_place(one) for one in held}
    again = [one["model"] for one in targets if _place(one) in known]
    if again:
        message = f"These are targets of the profile already: {', '.join(again)}. Untick them."
        raise Invalid(Problem("models", "unique", message))


def _place(target: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        target["provider"].casefold(),
        target["model"],
        target["virtual_model"].casefold(),
    )
