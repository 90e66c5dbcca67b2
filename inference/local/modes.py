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
    worth: Callable[[Generator], bool] = field(default=lambda generator: True)
    """Whether a batched generator gives its callers together no less than one of them gets."""

    def build(self) -> tuple[Generator, str]:
        """A generator that passed `check`, and its mode. Raises what the direct one raises."""
        if self.batched is not None:
            try:
                generator = self.batched()
                self.check(generator)
                if self.worth(generator):
                    return generator, "batched"
            except Exception as error:
                logger.warning("batching is not available, serving one by one: %r", error)
            else:
                logger.info("batching makes this model slower here, serving one by one")
                generator.close()
            self.batched = None
        generator = self.direct()
        self.check(generator)
        return generator, "direct"
