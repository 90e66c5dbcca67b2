"""Another default model for a provider, and for the targets that ask it for the old one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from governance.models import RoutingTarget
from governance.services.profiles import revise_profile
from governance.services.providers import find_provider, save_provider


@transaction.atomic
def make_default_model(provider: str, model: str, *, who: str) -> list[str]:
    """Sets it at the provider, and in the targets of profiles that name the default it had, so
    that who asks for "the local model" gets it from now on. Returns what was done, a sentence
    each. Raises `Invalid`, `NotFound`.
    """
    row = find_provider(provider)
    before = row.default_model
    if before == model:
        return [
            gettext("%(model)s is the default model of %(name)s already.")
            % {"model": model, "name": row.name}
        ]
    save_provider({"default_model": model}, who=who, existing=row.name, partial=True)
    done = [
        gettext("%(name)s is asked for %(model)s where no model is named.")
        % {"name": row.name, "model": model}
    ]
    users = RoutingTarget.objects.filter(provider__iexact=row.name, model=before).exclude(model="")
    for identity in users.values_list("profile_id", flat=True).distinct().order_by("profile_id"):
        saved = revise_profile(
            identity, partial(_renamed, provider=row.name, before=before, after=model), who=who
        )
        done.append(
            gettext("Routing profile %(document)s asks for it too.")
            % {"document": saved.document["name"]}
        )
    return done


def _renamed(
    document: Mapping[str, Any], *, provider: str, before: str, after: str
) -> dict[str, Any]:
    targets = [
        {**one, "model": after}
        if one["provider"].casefold() == provider.casefold() and one["model"] == before
        else one
        for one in document["targets"]
    ]
    return {**document, "targets": targets}
