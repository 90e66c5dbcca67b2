"""How providers fare in this process: one book for live traffic, the playground and the pages."""

from __future__ import annotations

import random

from inference.dispatch.health import HealthBook

# Not for secrets: it draws among weighted targets and spreads cooldowns.
rng = random.Random()  # noqa: S311
book = HealthBook(rng=rng)
