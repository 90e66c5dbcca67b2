"""Writing a part of a profile: more targets, or its switch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

from governance.errors import Invalid
from governance.routing.fields import Problem
from governance.routing.target_rules import PRIORITY_RANGE
from governance.services.change import Saved
from governance.services.profiles import revise_profile, save_profile

Document = dict[str, Any]

TOLD: Final = 8
"""New targets a revision names before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Added:
    """Targets that a profile has now."""

    saved: Saved
    models: tuple[str, ...]
    """Those that are new in it."""
    already: tuple[str, ...]
    """Those that it had under the same name; they stay as they were."""


def add_models(
    provider: str,
    models: Iterable[str],
    *,
    who: str,
    profile: str | Mapping[str, Any],
    aliases: bool = False,
    enabled: bool = True,
) -> Added:
    """Makes each of the provider's `models` a target of a profile: all of them, or none.

    `profile` is the id of one, whose targets stay before them, or the document of a new one. With
    `aliases` each serves the virtual model of its own name, else every name asked of the profile.
    Raises `NotFound`, and `Invalid`: what a model breaks stands at the path `models.<its name>`.
    """
    names = list(dict.fromkeys(models))
    if not names:
        raise Invalid(Problem("models", "required", gettext("Tick at least one model.")))
    targets = [_target(provider, name, aliases, enabled) for name in names]
    if isinstance(profile, Mapping):
        try:
            saved = save_profile({**profile, "targets": targets}, who=who)
        except Invalid as error:
            raise Invalid(_about_models(error, targets, 0)) from error
        return Added(saved, tuple(names), ())
    new: list[Document] = []
    held: list[Document] = []

    def extended(document: Document) -> Document:
        held.extend(document["targets"])
        known = {_place(one) for one in held}
        behind = min(max((one["priority"] for one in held), default=-1) + 1, PRIORITY_RANGE[1])
        new.extend({**one, "priority": behind} for one in targets if _place(one) not in known)
        if not new:
            message = gettext("All that is ticked is a target of this profile already.")
            raise Invalid(Problem("models", "unique", message))
        return {**document, "targets": [*held, *new]}

    def words(name: str) -> str:
        return f'Added to routing profile "{name}": {_listed(new)}.'

    try:
        saved = revise_profile(profile, extended, who=who, words=words)
    except Invalid as error:
        raise Invalid(_about_models(error, new, len(held))) from error
    added = tuple(one["model"] for one in new)
    return Added(saved, added, tuple(name for name in names if name not in added))


def switch_profile(identity: str, enabled: bool, *, who: str) -> Saved:
    """Switches a profile on or off. Raises `Invalid`, `NotFound`."""
    return revise_profile(identity, lambda held: {**held, "enabled": enabled}, who=who)


def _target(provider: str, model: str, aliases: bool, enabled: bool) -> Document:
    alias = model if aliases else ""
    return {"provider": provider, "model": model, "virtual_model": alias, "enabled": enabled}


def _place(target: Mapping[str, Any]) -> tuple[str, str, str]:
    """The same place under the same name would only be tried twice."""
    return target["provider"].casefold(), target["model"], target["virtual_model"].casefold()


def _listed(targets: Sequence[Document]) -> str:
    more = f" and {len(targets) - TOLD} more" if len(targets) > TOLD else ""
    return ", ".join(f"{one['provider']}/{one['model']}" for one in targets[:TOLD]) + more


def _about_models(error: Invalid, targets: Sequence[Document], first: int) -> list[Problem]:
    """The problems, with those of `targets`, which begin at the place `first`, at their models."""
    paths = {f"targets[{first + n}]": f"models.{one['model']}" for n, one in enumerate(targets)}
    return [
        Problem(paths.get(one.path.partition(".")[0], one.path), one.code, one.message)
        for one in error.problems
    ]
