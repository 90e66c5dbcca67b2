"""What a limit counts the use of and an alert watches, as `type:id`, and what people call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from django.db.models import Model, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.models import ApiKey, Group, Limit, Provider, RoutingProfile

EVERYTHING: Final = "everything:"
OF_LIMITS: Final = ("group", "key", "profile", "provider")
OF_ALERTS: Final = ("limit", "provider", "profile", "group")


class _Source(NamedTuple):
    """Rows of one sort."""

    model: type[Model]
    word: Promise
    identity: str = "pk"
    searched: tuple[str, ...] = ("name__icontains", "pk__startswith")


_SOURCES: Final = {
    "group": _Source(Group, _("Group")),
    "key": _Source(ApiKey, _("API key"), "pk", ("name__icontains", "prefix__startswith")),
    "limit": _Source(Limit, _("Limit"), "pk", ("name__icontains",)),
    "profile": _Source(RoutingProfile, _("Profile")),
    "provider": _Source(Provider, _("Provider"), "name", ("name__icontains",)),
}


def found(kinds: Sequence[str], words: str, most: int) -> Iterator[tuple[str, str]]:
    """Values and labels of what holds the words, at most so many of each kind."""
    for kind in kinds:
        source = _SOURCES[kind]
        asked = Q()
        for name in source.searched if words else ():
            asked |= Q(**{name: words})
        rows = source.model._default_manager.filter(asked)
        for identity, name in rows.values_list(source.identity, "name")[:most]:
            yield f"{kind}:{identity}", f"{source.word}: {name}"


def subject_label(value: str) -> str:
    """What the page shows for a value; of a row that is gone its id."""
    kind, _colon, identity = value.partition(":")
    source = _SOURCES.get(kind)
    if source is None or not identity:
        return str(_("Everything")) if value == EVERYTHING else value
    where: dict[str, Any] = {source.identity: identity}
    try:
        name = source.model._default_manager.filter(**where).values_list("name", flat=True).first()
    except (ValueError, OverflowError):
        # A limit's id is a number; this is something that was typed.
        return value
    return f"{source.word}: {name or identity}"
