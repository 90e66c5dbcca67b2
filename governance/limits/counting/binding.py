"""Which limits bind a request. PURE.

A request of a key is bound by its own limits, those of its group and the groups above, of its
profile, and of everything; where it is sent to, also by those of the provider and by those that
count only certain providers and models.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from governance.limits.limit import LimitEntry

SHARED: Final = ""
_NO_SUBJECTS: Final[Mapping[str, tuple[LimitEntry, ...]]] = {}


class Who(NamedTuple):
    """Whose request it is."""

    key: str = ""
    groups: tuple[str, ...] = ()
    """The key's group and those above it."""
    profile: str = ""
    session: str = ""


class LimitIndex:
    """The limits in force, by their subjects. It is part of a table, and never changes."""

    __slots__ = ("_by_subject", "by_id", "counts_cost", "of_targets")

    def __init__(self, limits: Iterable[LimitEntry] = ()) -> None:
        self.by_id: dict[int, LimitEntry] = {}
        self._by_subject: dict[str, dict[str, tuple[LimitEntry, ...]]] = {}
        """By type of subject and its id."""
        self.of_targets = False
        """Whether any is about where requests are sent."""
        self.counts_cost = False
        """Whether prices matter."""
        for limit in limits:
            if limit.enabled:
                self.by_id[limit.id] = limit
                of_type = self._by_subject.setdefault(limit.subject_type, {})
                alone = (limit,)
                others = of_type.setdefault(limit.subject_id, alone)
                if others is not alone:
                    of_type[limit.subject_id] = (*others, limit)
                self.of_targets = self.of_targets or limit.of_target
                self.counts_cost = self.counts_cost or limit.measure == "cost"

    def __bool__(self) -> bool:
        return bool(self.by_id)

    def changed(self, gone: Collection[int], anew: Mapping[int, LimitEntry]) -> LimitIndex:
        """Another one without those that are gone, and with others, or new ones, by their ids."""
        left = {identity: one for identity, one in self.by_id.items() if identity not in gone}
        left.update(anew)
        return LimitIndex(left[identity] for identity in sorted(left))

    def of_subject(self, kind: str, identity: str) -> tuple[LimitEntry, ...]:
        """Those of one subject, in the order in which they were made."""
        return self._by_subject.get(kind, _NO_SUBJECTS).get(identity, ())

    def of_request(self, who: Who) -> list[LimitEntry]:
        """Those that bind the request wherever it is sent, the nearest first."""
        return [one for one in self._all(who) if not one.of_target]

    def of_target(self, who: Who, provider: str, model: str) -> list[LimitEntry]:
        """Those that bind it when it is sent there; `provider` is casefolded."""
        if not self.of_targets:
            return []
        found = [one for one in self._all(who) if one.of_target and _counts(one, provider, model)]
        own = self.of_subject("provider", provider)
        return [*found, *(one for one in own if _counts(one, provider, model))]

    def _all(self, who: Who) -> Iterator[LimitEntry]:
        of = self.of_subject
        if who.key:
            yield from of("key", who.key)
        for group in who.groups:
            yield from of("group", group)
        if who.profile:
            yield from of("profile", who.profile)
        yield from of("everything", "")


def _counts(limit: LimitEntry, provider: str, model: str) -> bool:
    if limit.provider and limit.provider != provider:
        return False
    return not limit.model or fnmatchcase(model.casefold(), limit.model.casefold())


def scope_of(limit: LimitEntry, who: Who) -> str:
    """Who has the amount of the limit: everybody, the key, or the key's session."""
    if limit.each == "session":
        return f"{who.key}/{who.session}"
    return who.key if limit.each == "key" else SHARED


def groups_above(group: str, parent_of: Callable[[str], str | None]) -> tuple[str, ...]:
    """The group and those above it, the nearest first; `parent_of` gives the id of the next."""
    found: list[str] = []
    above: str | None = group
    while above and above not in found:
        found.append(above)
        above = parent_of(above)
    return tuple(found)
