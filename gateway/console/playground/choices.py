"""What can be chosen in the playground: whom to act as, models, profiles, protocols."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext_lazy

from governance.routing.handles import usable_profiles
from governance.routing.names import listed_models
from governance.routing.table import RoutingTable, VirtualKey
from inference.endpoints.endpoint import Endpoint
from inference.endpoints.registry import ENDPOINTS

LABELS: Final = {
    "chat": gettext_lazy("OpenAI chat completions"),
    "messages": gettext_lazy("Anthropic messages"),
}
"""Request types a conversation can be held in."""

CONVERSATIONS: Final[dict[str, Endpoint]] = {
    endpoint.request_type: endpoint for endpoint in ENDPOINTS if endpoint.request_type in LABELS
}


@dataclass(frozen=True, slots=True)
class Choices:
    """For one caller."""

    models: tuple[str, ...]
    profiles: tuple[tuple[str, str], ...]
    """Id and name."""

    def document(self) -> dict[str, Any]:
        profiles = [{"id": identity, "name": name} for identity, name in self.profiles]
        return {"models": list(self.models), "profiles": profiles}


def acting_as(username: str, key: str, table: RoutingTable, now: float) -> VirtualKey | None:
    """The grant of the operator, or of the API key with this id; None when it can not be used.

    Requests are recorded under the key, with the operator's name beside it. `now` is Unix time in
    seconds.
    """
    who = f"{username} (playground)"
    if not key:
        return VirtualKey(id="", name=who, scopes=frozenset({"inference"}))
    virtual_key = next((one for one in usable_keys(table, now) if one.id == key), None)
    return None if virtual_key is None else replace(virtual_key, name=f"{virtual_key.name}: {who}")


def usable_keys(table: RoutingTable, now: float) -> list[VirtualKey]:
    """The keys that live traffic would let in, by name."""
    found = [
        virtual_key
        for virtual_key in table.virtual_keys.values()
        if virtual_key.enabled
        and "inference" in virtual_key.scopes
        and (virtual_key.expires_at is None or virtual_key.expires_at > now)
    ]
    return sorted(found, key=lambda virtual_key: (virtual_key.name.casefold(), virtual_key.id))


def choices(table: RoutingTable, virtual_key: VirtualKey) -> Choices:
    """What a caller with this grant can ask for."""
    return Choices(
        models=tuple(model.id for model in listed_models(table, virtual_key)),
        profiles=tuple((one.id, one.name) for one in usable_profiles(virtual_key, table)),
    )
