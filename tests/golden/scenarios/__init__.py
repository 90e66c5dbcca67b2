"""Every scenario by its name."""

from __future__ import annotations

from typing import Final

from tests.golden.scenarios import (
    access,
    imports,
    interactions,
    keys,
    kinds,
    mappings,
    people,
    profiles,
    providers,
    revisions,
    rules,
    simulation,
    targets,
    wire,
)
from tests.golden.steps import Scenario

SCENARIOS: Final[dict[str, Scenario]] = {
    name: scenario
    for module in (
        access,
        imports,
        interactions,
        keys,
        kinds,
        mappings,
        people,
        profiles,
        providers,
        revisions,
        rules,
        simulation,
        targets,
        wire,
    )
    for name, scenario in module.SCENARIOS.items()
}
