"""Noting what providers hold for a key."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from governance.models import HeldEntry

MOST: Final = 10_000
"""Of one sort that are noted for a key: as many as OpenAI lists. The oldest are forgotten first."""
LONGEST: Final = 64 * 1024
"""Characters of a document that is noted."""


@transaction.atomic
def note_held(key: str, provider: str, shelf: str, name: str, document: str) -> None:
    """Notes it once; what was noted without a document gets it."""
    document = document if len(document) <= LONGEST else ""
    entry, is_new = HeldEntry.objects.get_or_create(
        key_id=key, provider=provider, object_id=name, defaults={"shelf": shelf,
                                                                 "document": document}
    )  # fmt: skip
    if not is_new and document and not entry.document:
        entry.document = document
        entry.save(update_fields=["document"])
    elif is_new:
        mine = HeldEntry.objects.filter(key_id=key, shelf=shelf).order_by("-pk")
        surplus = mine.values_list("pk", flat=True)[MOST : MOST + 1].first()
        if surplus is not None:
            mine.filter(pk__lte=surplus).delete()


def forget_held(key: str, provider: str, name: str) -> None:
    HeldEntry.objects.filter(key_id=key, provider=provider, object_id=name).delete()


def held_page(
    key: str, shelf: str, *, limit: int, beside: str, newer: bool, oldest_first: bool
) -> tuple[list[tuple[str, str, str]], bool]:
    """(provider, id, document) of at most `limit`, and whether there are more.

    They follow the one whose id is `beside`, or come before it where `newer`.
    """
    mine = HeldEntry.objects.filter(key_id=key, shelf=shelf)
    rises = oldest_first != newer
    if beside:
        place = mine.filter(object_id=beside).values_list("pk", flat=True).first()
        if place is None:
            return [], False
        mine = mine.filter(pk__gt=place) if rises else mine.filter(pk__lt=place)
    found = mine.order_by("pk" if rises else "-pk")
    rows = list(found.values_list("provider", "object_id", "document")[: limit + 1])
    page = rows[:limit]
    return (page[::-1] if newer else page), len(rows) > limit
