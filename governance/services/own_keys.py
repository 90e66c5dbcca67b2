"""Keys that users make for themselves, inside what their group allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext

from governance.errors import Conflict, Forbidden, Invalid, NotFound
from governance.json_values import moment, point_in_time
from governance.models import ApiKey, Group, KeyAllowance, RoutingProfile
from governance.routing.fields import Problem
from governance.serializers import KeyAllowanceSerializer
from governance.services.change import Saved
from governance.services.keys import GRACE, create_key, delete_key, rotate_key
from governance.services.makers import Maker, maker_of
from governance.services.plain_rows import PlainRows

OWN: Final = ("name", "group", "confined_to", "expires_at", "addresses", "endpoints")
"""What the maker of an own key may say; everything else is as the allowance has it."""


def allowance_problems(document: object, row: KeyAllowance) -> list[Problem]:
    """Every rule the document breaks; users and profiles that do not exist included."""
    found = KeyAllowanceSerializer.problems(document)
    if found or not isinstance(document, Mapping):
        return found
    return list(_missing(document, row))


def _missing(document: Mapping[str, Any], row: KeyAllowance) -> Iterator[Problem]:
    group = document.get("group") or ""
    if not Group.objects.filter(pk=group).exists():
        yield Problem(
            "group",
            "unknown_group",
            gettext('There is no group with the id "%(group)s".') % {"group": group},
        )
    elif KeyAllowance.objects.filter(group=group).exclude(pk=row.pk).exists():
        message = gettext("The group has a key allowance already: change that one.")
        yield Problem("group", "unique", message)
    members = document.get("members") or []
    users = get_user_model().objects.filter(username__in=members)
    known = set(users.values_list("username", flat=True))
    profiles = document.get("profiles") or []
    there = set(RoutingProfile.objects.filter(pk__in=profiles).values_list("pk", flat=True))
    for place, one in enumerate(members):
        if one not in known:
            yield Problem(
                f"members[{place}]",
                "unknown_user",
                gettext('There is no user "%(one)s".') % {"one": one},
            )
    for place, one in enumerate(profiles):
        if one not in there:
            message = gettext('There is no routing profile with the id "%(one)s".') % {"one": one}
            yield Problem(f"profiles[{place}]", "unknown_profile", message)


KEY_ALLOWANCES: Final = PlainRows(
    "key allowance", KeyAllowance, KeyAllowanceSerializer, allowance_problems
)


def allowances_of(username: str) -> list[KeyAllowance]:
    """Where a user may make keys."""
    rows = KeyAllowance.objects.filter(enabled=True).select_related("group")
    return [row for row in rows if username in row.members]


def own_keys(username: str) -> list[ApiKey]:
    """The keys a user is the owner of."""
    return list(ApiKey.objects.filter(owner=username).select_related("group"))


def create_own_key(document: object, *, user: Any) -> tuple[Saved, str]:
    """A key of the user's own, and its secret, which nothing can show again.

    Raises `Forbidden` where nothing allows it, `Conflict` where there are too many already, and
    `Invalid` for what goes beyond the allowance.
    """
    username = user.get_username()
    given = dict(document) if isinstance(document, Mapping) else {}
    beyond = [name for name in given if name not in OWN]
    if beyond:
        message = gettext("Of an own key you may say %(listed)s.") % {"listed": ", ".join(OWN)}
        raise Invalid(Problem(name, "forbidden", message) for name in beyond)
    allowance = _allowance(username, given.get("group"))
    active = [row for row in own_keys(username) if row.state == "active"]
    held = sum(row.group_id == allowance.group_id for row in active)
    if held >= allowance.most_keys:
        message = gettext(
            "You have %(held)s keys there already, which is as many as you may: delete one."
        ) % {"held": held}
        raise Conflict(Problem("", "too_many_keys", message))
    whole = {
        **given,
        "scopes": ["inference"],
        "group": allowance.group_id,
        "owner": username,
        "confined_to": _confined(allowance, given.get("confined_to")),
        "expires_at": _expiry(allowance, given.get("expires_at")),
    }
    return create_key(whole, who=username)


def _allowance(username: str, group: object) -> KeyAllowance:
    found = allowances_of(username)
    if group:
        found = [row for row in found if row.group_id == group]
    if not found:
        message = gettext("You may make no keys of your own there: ask an administrator.")
        raise Forbidden(Problem("group" if group else "", "no_allowance", message))
    if len(found) > 1:
        named = ", ".join(row.group_id for row in found)
        raise Invalid(
            Problem(
                "group", "required", gettext("group must be one of %(named)s.") % {"named": named}
            )
        )
    return found[0]


def _confined(allowance: KeyAllowance, wanted: object) -> list[Any]:
    """What was asked for, if all of it is allowed; all that is allowed where nothing was."""
    asked = list(wanted) if isinstance(wanted, list) else []
    beyond = [one for one in asked if allowance.profiles and one not in allowance.profiles]
    if beyond:
        allowed = ", ".join(allowance.profiles)
        message = gettext("Your keys may use %(allowed)s alone.") % {"allowed": allowed}
        raise Invalid(Problem("confined_to", "beyond_allowance", message))
    return asked or list(allowance.profiles)


def _expiry(allowance: KeyAllowance, wanted: object) -> Any:
    latest = timezone.now() + timedelta(days=allowance.days)
    at = point_in_time(wanted)
    if wanted is not None and at is None:
        return wanted  # the rules say what is wrong with it
    if at is not None and at > latest:
        message = gettext("Your keys are good for %(days)s days at most.") % {
            "days": allowance.days
        }
        raise Invalid(Problem("expires_at", "beyond_allowance", message))
    return moment((at or latest).replace(microsecond=0))


def rotate_own_key(identity: str, *, user: Any, grace: timedelta = GRACE) -> tuple[Saved, str]:
    """A new secret for one of the user's keys. Raises `NotFound`, and `Forbidden` where the key
    may more than its owner."""
    _mine(identity, user)
    scopes = maker_of(user).scopes | {"inference"}
    return rotate_key(identity, who=user.get_username(), grace=grace, maker=Maker(scopes))


def delete_own_key(identity: str, *, user: Any) -> None:
    """Raises `NotFound`."""
    _mine(identity, user)
    delete_key(identity, who=user.get_username())


def _mine(identity: str, user: Any) -> None:
    """Of a key that is somebody else's nothing is told."""
    owned = "\x00" not in identity and ApiKey.objects.filter(pk=identity, owner=user.get_username())
    if not owned or not owned.exists():
        message = gettext('You have no API key with the id "%(identity)s".') % {
            "identity": identity
        }
        raise NotFound(Problem("", "not_found", message))
