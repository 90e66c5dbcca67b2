"""The memory budget: may a model be loaded now, and which idle ones make room for it?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that holds memory.

    `evictable` is false while it loads or a request needs it; `leaving` models are ending already:
    their memory will be free, but is not yet.
    """

    name: str
    size_bytes: int
    last_used: float
    evictable: bool
    leaving: bool = False


class MemoryVerdict(Enum):
    FITS = auto()
    EVICT = auto()
    LEAVING = auto()
    BLOCKED = auto()
    TOO_LARGE = auto()


@dataclass(frozen=True, slots=True)
class Room:
    """`names` are the models to evict (EVICT), or those in the way (LEAVING, BLOCKED)."""

    verdict: MemoryVerdict
    names: tuple[str, ...] = ()


def find_room(
    needed_bytes: int, residents: Iterable[Resident], budget_bytes: int, max_loaded: int = 0
) -> Room:
    """Room for one more model of that size; `max_loaded` 0 means any number of models."""
    if needed_bytes > budget_bytes:
        return Room(MemoryVerdict.TOO_LARGE)
    present = list(residents)
    allowed = max_loaded - 1 if max_loaded else len(present)
    limits = budget_bytes - needed_bytes, allowed
    staying = [resident for resident in present if not resident.leaving]
    if not _within(staying, *limits):
        return _evict(staying, *limits)
    if not _within(present, *limits):
        return Room(MemoryVerdict.LEAVING, tuple(r.name for r in present if r.leaving))
    return Room(MemoryVerdict.FITS)


def find_excess(residents: Iterable[Resident], budget_bytes: int) -> tuple[str, ...]:
    """The idle models to end because those loaded have grown past the budget.

    All idle ones when even that is not enough; a model in use is never named.
    """
    staying = [resident for resident in residents if not resident.leaving]
    if _within(staying, budget_bytes, len(staying)):
        return ()
    room = _evict(staying, budget_bytes, len(staying))
    if room.verdict is MemoryVerdict.EVICT:
        return room.names
    return tuple(resident.name for resident in staying if resident.evictable)


def _within(residents: list[Resident], size_bytes: int, count: int) -> bool:
    return sum(r.size_bytes for r in residents) <= size_bytes and len(residents) <= count


def _evict(staying: list[Resident], size_bytes: int, count: int) -> Room:
    """Least recently used first; then spare what turned out not to be needed, newest first."""
    chosen: list[Resident] = []
    left = list(staying)
    for resident in sorted((r for r in staying if r.evictable), key=lambda r: r.last_used):
        if _within(left, size_bytes, count):
            break
        chosen.append(resident)
        left.remove(resident)
    if not _within(left, size_bytes, count):
        return Room(MemoryVerdict.BLOCKED, tuple(r.name for r in staying if not r.evictable))
    for resident in reversed(chosen.copy()):
        if _within([*left, resident], size_bytes, count):
            chosen.remove(resident)
            left.append(resident)
    return Room(MemoryVerdict.EVICT, tuple(r.name for r in chosen))
