"""When a worker that died may be started again."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Exponential backoff with full jitter; the first death in a row costs no wait at all.

    A worker that served for `stable_after_s` seconds has proved itself: its next death counts as
    a first one again. After `automatic` deaths in a row nothing restarts by itself; a request
    still may, once the delay has passed.
    """

    base_s: float = 1.0
    cap_s: float = 60.0
    stable_after_s: float = 60.0
    automatic: int = 5

    def longest_delay(self, deaths: int) -> float:
        """The upper bound, in seconds, of the delay after that many deaths in a row."""
        if deaths <= 1:
            return 0.0
        # The exponent is bounded so that a long row of deaths cannot overflow a float.
        return min(self.cap_s, self.base_s * 2.0 ** min(deaths - 2, 64))

    def delay(self, deaths: int, rng: Random) -> float:
        """Seconds to wait after that many deaths in a row."""
        return rng.uniform(0.0, self.longest_delay(deaths))
