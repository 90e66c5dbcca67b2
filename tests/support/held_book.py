"""Notes what providers hold in memory, as `DatabaseHeldBook` does in the database."""

from __future__ import annotations

from inference.values.held_object import HeldBookAway, HeldObject, HeldPage, HeldRow


class MemoryHeldBook:
    def __init__(self) -> None:
        self.rows: list[tuple[str, str, HeldRow]] = []
        self.away = False

    async def note(self, key: str, provider: str, held: HeldObject) -> None:
        known = [one for one in self.rows if (one[0], one[2][:2]) == (key, (provider, held.id))]
        if not known:
            self.rows.append((key, held.shelf, HeldRow(provider, held.id, held.document)))

    async def forget(self, key: str, provider: str, name: str) -> None:
        self.rows = [one for one in self.rows if (one[0], one[2][:2]) != (key, (provider, name))]

    async def page(
        self, key: str, shelf: str, *, limit: int, beside: str, newer: bool, oldest_first: bool
    ) -> HeldPage:
        if self.away:
            raise HeldBookAway
        mine = [row for owner, sort, row in self.rows if (owner, sort) == (key, shelf)]
        rises = oldest_first != newer
        mine = mine if rises else mine[::-1]
        if beside:
            mine = mine[[row.id for row in mine].index(beside) + 1 :]
        page = mine[:limit]
        return HeldPage(page[::-1] if newer else page, len(mine) > limit)
