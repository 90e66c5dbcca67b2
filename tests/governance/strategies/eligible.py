"""Targets as strategies are given them."""

from governance.routing.eligibility import EligibleTarget
from governance.routing.plan import Candidate
from governance.routing.table import Target
from governance.strategies.strategy import failover_key
from tests.governance.routing.build import local


def eligible(*targets: Target) -> list[EligibleTarget]:
    """All of these, in the order strategies are promised."""
    found = [
        EligibleTarget(place, one, Candidate(local(one.provider), one.model, one), one.provider)
        for place, one in enumerate(targets)
    ]
    return sorted(found, key=lambda one: failover_key(one.target))
