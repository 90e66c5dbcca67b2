"""Who makes or changes an API key grants nothing that they have not got themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from django.utils.translation import gettext

from governance.errors import Forbidden
from governance.json_values import moment, point_in_time
from governance.models import ApiKey
from governance.routing.fields import Problem
from governance.routing.key_restrictions import lie_within
from governance.routing.table import VirtualKey

_VERBS: Final = ("add", "change", "delete")
_WRITTEN: Final = ("routingprofile", "provider", "heuristicrule", "modelmapping")
_READ: Final = (*_WRITTEN, "apikey", "revision", "interaction")

RIGHTS: Final[Mapping[str, frozenset[str]]] = {
    # Whoever makes keys may send requests with one.
    "inference": frozenset(),
    "governance:read": frozenset(f"governance.view_{model}" for model in _READ),
    "governance:write": frozenset(
        {
            *(f"governance.{verb}_{model}" for verb in _VERBS for model in _WRITTEN),
            "governance.change_revision",
            "governance.set_credentials",
        }
    ),
    "keys": frozenset(f"governance.{verb}_apikey" for verb in _VERBS),
}
"""What a person must be allowed to do before a key of theirs may have the scope."""

KEY_RIGHTS: Final = frozenset(
    f"governance.{verb}_{model}" for verb in _VERBS for model in ("apikey", "keyallowance")
)
"""What no other scope of a key opens but `keys`, by whichever way."""


class Person(Protocol):
    """What is asked of a user."""

    def has_perms(self, perm_list: Any) -> bool: ...


@dataclass(frozen=True, slots=True)
class Maker:
    """What someone who makes keys has to give."""

    scopes: frozenset[str]
    confined_to: frozenset[str] = frozenset()
    """Empty: everywhere."""
    local_only: bool = False
    addresses: tuple[str, ...] = ()
    """Empty: everywhere."""
    until: float | None = None
    """Unix time in seconds; None: for good."""


def maker_of(caller: VirtualKey | Person) -> Maker:
    """A key by what it may do itself, a person by their permissions."""
    if isinstance(caller, VirtualKey):
        return Maker(
            caller.scopes,
            caller.confined_to,
            caller.local_only,
            caller.addresses,
            caller.expires_at,
        )
    return Maker(frozenset(scope for scope, rights in RIGHTS.items() if caller.has_perms(rights)))


def grantable(maker: Maker | None, document: Mapping[str, Any], row: ApiKey | None) -> None:
    """Raises `Forbidden` where the document grants more than the maker has.

    A key keeps what it has, whoever changes something else of it. None may grant everything.
    """
    if maker is None:
        return
    found = []
    kept = set(row.scopes) if row is not None else set()
    beyond = [one for one in document["scopes"] if one not in maker.scopes and one not in kept]
    if beyond:
        message = gettext("You cannot grant what you have not got: %(listed)s.") % {
            "listed": ", ".join(dict.fromkeys(beyond))
        }
        found.append(Problem("scopes", "beyond_maker", message))
    found += _reach(maker, document, row)
    found += _places(maker, document, row)
    found += _time(maker, document, row)
    if found:
        raise Forbidden(found)


def _reach(maker: Maker, document: Mapping[str, Any], row: ApiKey | None) -> list[Problem]:
    """A confined key makes no key that goes elsewhere."""
    found = []
    confined = set(document.get("confined_to") or ())
    same = row is not None and confined == set(row.confined_to)
    if maker.confined_to and not same and not (confined and confined <= maker.confined_to):
        allowed = ", ".join(sorted(maker.confined_to))
        message = gettext("Your own key is confined: this one must be, to some of %(allowed)s.") % {
            "allowed": allowed
        }
        found.append(Problem("confined_to", "beyond_maker", message))
    free = row is not None and not row.local_only
    if maker.local_only and not document.get("local_only") and not free:
        message = gettext("Your own key is local_only: this one must be too.")
        found.append(Problem("local_only", "beyond_maker", message))
    return found


def _places(maker: Maker, document: Mapping[str, Any], row: ApiKey | None) -> list[Problem]:
    """A key that is good at some addresses makes no key that is good elsewhere."""
    wanted = tuple(document.get("addresses") or ())
    same = row is not None and wanted == tuple(row.addresses)
    if not maker.addresses or same or lie_within(wanted, maker.addresses):
        return []
    allowed = ", ".join(maker.addresses)
    message = gettext("Your own key may be used from %(allowed)s alone: this one must be too.") % {
        "allowed": allowed
    }
    return [Problem("addresses", "beyond_maker", message)]


def _time(maker: Maker, document: Mapping[str, Any], row: ApiKey | None) -> list[Problem]:
    """A key that ends makes none that outlives it; nor does the old secret of one that was
    rotated."""
    wanted = point_in_time(document.get("expires_at"))
    same = row is not None and wanted == row.expires_at
    if maker.until is None or same or (wanted is not None and wanted.timestamp() <= maker.until):
        return []
    latest = moment(datetime.fromtimestamp(maker.until, UTC))
    message = gettext("Your own key is good until %(latest)s: this one must not be longer.") % {
        "latest": latest
    }
    return [Problem("expires_at", "beyond_maker", message)]
