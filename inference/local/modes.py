"""Direct or batched: which generator serves, and what happens when batching cannot."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from inference.local.generators import Generator

logger = logging.getLogger(__name__)


@dataclass
class Modes:
    """How to build a generator: batched if wanted, with direct to fall back on."""

    direct: Callable[[], Generator]
    batched: Callable[[], Generator] | None = None
    check: Callable[[Generator], None] = field(default=lambda generator: None)
    """Proves that a new generator works, or raises."""

    def build(self) -> tuple[Generator, str]:
        """A generator that passed `check`, and its mode. Raises what the direct one raises."""
        if self.batched is not None:
            try:
                generator = self.batched()
                self.check(generator)
            except Exception as error:
                logger.warning("batching is not available, serving one by one: %r", error)
                self.batched = None
            else:
                return generator, "batched"
        generator = self.direct()
        self.check(generator)
        return generator, "direct"
