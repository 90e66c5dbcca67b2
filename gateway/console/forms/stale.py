"""Forms of things that someone else changed meanwhile: told, and merged or overwritten knowingly.

A form carries the version it was filled from. When another one is there at the save, the page
comes back with all that was typed, with what changed meanwhile, and with two buttons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

from governance.change_summary import changed
from governance.errors import Meanwhile
from governance.serializers import (
    AlertSerializer,
    GroupSerializer,
    KeyAllowanceSerializer,
    KeySerializer,
    LimitSerializer,
    MappingSerializer,
    ModelPriceSerializer,
    ProfileSerializer,
    ProviderSerializer,
    RuleSerializer,
)
from governance.serializers.strict import StrictSerializer
from governance.services import Versions
from governance.services.alerts import SECRETS as ALERT_SECRETS
from governance.services.providers import SECRETS as PROVIDER_SECRETS
from governance.services.versions import as_of, meanwhile
from governance.whole_number import whole_number

BASE: Final = "_base"
"""The version that the form was filled from."""
SEEN: Final = "_seen"
"""The version that the page told of, when the form came back."""
RESOLVE: Final = "_resolve"
MERGE: Final = "merge"
OVERWRITE: Final = "overwrite"

SECRETS: Final = frozenset({*ALERT_SECRETS, *PROVIDER_SECRETS})

SERIALIZERS: Final[Mapping[str, type[StrictSerializer]]] = {
    "provider": ProviderSerializer,
    "routing profile": ProfileSerializer,
    "API key": KeySerializer,
    "heuristic rule": RuleSerializer,
    "model mapping": MappingSerializer,
    "group": GroupSerializer,
    "limit": LimitSerializer,
    "price": ModelPriceSerializer,
    "alert": AlertSerializer,
    "key allowance": KeyAllowanceSerializer,
}
"""By the kind of thing, as services and the audit log call it."""


@dataclass(frozen=True, slots=True)
class Staleness:
    """What a page says of a form that goes on from something old."""

    version: int
    """The one that is there now."""
    theirs: list[Meanwhile]
    mine: list[str]
    """What was typed, against what the form was filled from."""


def staleness(kind: str, row: Any, posted: Mapping[str, Any], mine: Any) -> Staleness | None:
    """None where the form goes on from what is there, or its sender has seen what is."""
    base, now = whole_number(posted.get(BASE)), row.changed_in
    if base is None or base == now:
        return None
    if posted.get(RESOLVE) in (MERGE, OVERWRITE) and whole_number(posted.get(SEEN)) == now:
        return None
    held = as_of(kind, row.pk, base)
    typed = _as_saved(kind, mine)
    common = [name for name in typed if held is not None and name in held and name in mine]
    words = changed(
        {name: held[name] for name in common} if held is not None else {},
        {name: typed[name] for name in common},
    )
    return Staleness(now, meanwhile(kind, row.pk, base), words)


def resolved(
    kind: str, row: Any, request: HttpRequest, document: dict[str, Any]
) -> tuple[dict[str, Any], Versions | None]:
    """The document to save, and the version it goes on from.

    Merging takes what its sender did not touch from what is there now; where both changed a
    field, the sender's word stands.
    """
    posted = request.POST
    base, seen = whole_number(posted.get(BASE)), whole_number(posted.get(SEEN))
    choice = posted.get(RESOLVE)
    if base is None or choice not in (MERGE, OVERWRITE) or seen is None:
        return document, None if base is None else frozenset({base})
    held = as_of(kind, row.pk, base)
    if choice == MERGE and held is not None:
        typed = _as_saved(kind, document)
        theirs = SERIALIZERS[kind].document(type(row)._default_manager.get(pk=row.pk))
        untouched = {
            name: theirs[name]
            for name in document
            if name in held and name not in SECRETS and typed.get(name) == held[name]
        }
        document = {**document, **untouched}
    return document, frozenset({seen})


def _as_saved(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed in the words of saved documents, without secrets."""
    serializer = SERIALIZERS[kind]
    model: Any = serializer.Meta.model
    row = model()
    serializer.fill(row, {name: one for name, one in document.items() if name not in SECRETS})
    return serializer.document(row)
