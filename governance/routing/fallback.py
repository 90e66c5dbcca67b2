"""The local fallback: where a failed or empty route ends when nothing forbids it."""

from __future__ import annotations

from governance.kinds import kind_named
from governance.routing.plan import Candidate
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile, RoutingTable, VirtualKey
from governance.routing.verdicts import covers_modalities

NEVER = "never"


def local_candidate(
    routing_request: RoutingRequest,
    profile: Profile | None,
    virtual_key: VirtualKey,
    table: RoutingTable,
) -> Candidate | None:
    """The local default as a last candidate, None when it is forbidden or can not serve the ask.

    The profile and the key may each forbid it. It must speak the request type, take every
    modality of the request, and know which model to use.
    """
    provider = table.local_default
    if provider is None or not provider.enabled or not provider.default_model:
        return None
    if virtual_key.local_fallback == NEVER or (
        profile is not None and profile.local_fallback == NEVER
    ):
        return None
    kind = kind_named(provider.kind)
    if kind is None or not kind.serves(routing_request.request_type):
        return None
    if not provider.is_local or not covers_modalities(
        routing_request.required_capabilities, provider
    ):
        return None
    return Candidate(provider, provider.default_model)
