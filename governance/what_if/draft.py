"""The routing table as it would be with one profile as somebody typed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance import frozen
from governance.models import RoutingProfile
from governance.regex import compile_regex
from governance.routing.compile import compile_table
from governance.routing.table import Profile, RoutingTable
from governance.serializers import ProfileSerializer

Document = Mapping[str, Any]


def profile_of(document: Document) -> Profile:
    """The profile a document describes that keeps every rule; what it leaves out has its default.

    The same as loading it after it was saved.
    """
    row = RoutingProfile()
    ProfileSerializer.fill(row, document)
    return frozen.profile(row)


def with_profile(table: RoutingTable, profile: Profile) -> RoutingTable:
    """`table` with this profile in the place of the one with its id, or added to the others."""
    others = dict(table.profiles)
    others[profile.id] = profile
    return compile_table(
        version=table.version,
        profiles=others.values(),
        providers=table.providers.values(),
        virtual_keys=table.virtual_keys,
        rules=table.rules,
        mappings=table.mappings,
        cloud_enabled=table.cloud_enabled,
        groups=table.groups.values(),
        limits=table.limits,
        prices=table.prices,
        local_fallback=table.local_fallback,
        context_lengths=table.context_lengths,
        expected_cost=table.expected_cost,
        overrides=table.overrides,
        compile_regex=compile_regex,
    )
