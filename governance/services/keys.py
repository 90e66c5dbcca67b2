"""Writing API keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext

from governance.errors import Invalid, NotFound, check
from governance.keys import make_key
from governance.models import ApiKey, Group, RoutingProfile
from governance.routing.fields import Problem
from governance.serializers import KeySerializer
from governance.services.budgets import remove_limits_of
from governance.services.change import Change, Saved, change, merged
from governance.services.makers import Maker, grantable
from governance.services.versions import Versions, expect

KIND = "API key"
GRACE: Final = timedelta(hours=24)
"""For how long an old secret is good after a rotation, where nobody says so."""
LONGEST_GRACE: Final = timedelta(days=30)


def create_key(document: object, *, who: str, maker: Maker | None = None) -> tuple[Saved, str]:
    """A new key and its secret, which nothing can show again.

    Raises `Invalid`, and `Forbidden` where it would grant more than the `maker` has.
    """
    with change(who, "create") as made:
        check(save_problems(document))
        assert isinstance(document, Mapping)
        grantable(maker, document, None)
        new = make_key()
        row = ApiKey(prefix=new.prefix, digest=new.digest)
        KeySerializer.fill(row, document)
        row.full_clean()
        row.save()
        after = KeySerializer.document(row)
        made.note(KIND, row.pk, row.name, None, after)
        return made.saved(KIND, row, after, KeySerializer.unknown(document)), new.secret


def update_key(
    identity: str,
    document: object,
    *,
    who: str,
    maker: Maker | None = None,
    expected: Versions | None = None,
) -> Saved:
    """Changes what the document names and leaves the rest.

    Raises `Invalid`, `NotFound`, `StaleVersion` for a key of another version than `expected`, and
    `Forbidden` where it would grant more than the `maker` has.
    """
    with change(who, "save") as made:
        row = find_key(identity)
        expect(KIND, row, expected)
        return _revise(made, row, document, maker)


def update_keys(
    identities: Iterable[str], document: Mapping[str, Any], *, who: str, maker: Maker | None = None
) -> int:
    """The same for several keys, all of them or none, in one revision; how many there were.

    Raises what `update_key` raises.
    """
    with change(who, "save") as made:
        rows = [find_key(identity) for identity in identities]
        for row in rows:
            _revise(made, row, document, maker)
        return len(rows)


def _revise(made: Change, row: ApiKey, document: object, maker: Maker | None) -> Saved:
    before = KeySerializer.document(row)
    complete = merged(before, document)
    check(save_problems(complete))
    assert isinstance(complete, Mapping)
    grantable(maker, complete, row)
    KeySerializer.fill(row, complete)
    after = KeySerializer.document(row)
    if made.note(KIND, row.pk, row.name, before, after):
        row.full_clean()
        row.save()
    return made.saved(KIND, row, after, KeySerializer.unknown(complete))


def rotate_key(
    identity: str,
    *,
    who: str,
    grace: timedelta = GRACE,
    maker: Maker | None = None,
    expected: Versions | None = None,
) -> tuple[Saved, str]:
    """A new secret for the key, whose old one stays good for the time of `grace`.

    The `maker` must have whatever the key allows, for the new secret is as good as a new key.
    Raises `NotFound`, `StaleVersion`, `Invalid` and `Forbidden`.
    """
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        message = gettext("The grace time is at most %(days)s days.") % {"days": LONGEST_GRACE.days}
        raise Invalid(Problem("grace_hours", "range", message))
    with change(who, "rotate") as made:
        row = find_key(identity)
        expect(KIND, row, expected)
        before = KeySerializer.document(row)
        grantable(maker, before, None)
        new = make_key()
        row.previous_digest, row.previous_until = row.digest, timezone.now() + grace
        row.digest, row.prefix = new.digest, new.prefix
        row.save()
        after = KeySerializer.document(row)
        made.note(KIND, row.pk, row.name, before, after, secrets=("secret",))
        return made.saved(KIND, row, after), new.secret


def delete_key(identity: str, *, who: str, expected: Versions | None = None) -> None:
    """Raises `NotFound`, `StaleVersion`."""
    with change(who, "delete") as made:
        row = find_key(identity)
        expect(KIND, row, expected)
        remove_limits_of(made, "key", row.pk)
        made.note(KIND, row.pk, row.name, KeySerializer.document(row), None)
        row.delete()


def find_key(identity: str) -> ApiKey:
    """The key of this public id. Raises `NotFound`."""
    row = None if "\x00" in identity else ApiKey.objects.filter(pk=identity).first()
    if row is None:
        message = gettext('There is no API key with the id "%(identity)s".') % {
            "identity": identity
        }
        raise NotFound(Problem("", "not_found", message))
    return row


def save_problems(document: object) -> list[Problem]:
    """Every rule the document breaks, profiles that do not exist included."""
    found = KeySerializer.problems(document)
    if found or not isinstance(document, Mapping):
        return found
    preferred, confined = document.get("routing_profile"), document.get("confined_to") or ()
    named = {path: one for path, one in _named(preferred, confined) if one}
    there = RoutingProfile.objects.filter(pk__in=set(named.values()))
    known = set(there.values_list("pk", flat=True))
    found += [
        Problem(
            path,
            "unknown_profile",
            gettext('There is no routing profile with the id "%(one)s".') % {"one": one},
        )
        for path, one in named.items()
        if one not in known
    ]
    found += _whose(document)
    return found


def _whose(document: Mapping[str, Any]) -> Iterator[Problem]:
    """The group and the owner, if they are named, exist."""
    group, owner = document.get("group"), document.get("owner")
    if group and not Group.objects.filter(pk=group).exists():
        yield Problem(
            "group",
            "unknown_group",
            gettext('There is no group with the id "%(group)s".') % {"group": group},
        )
    if owner and not get_user_model().objects.filter(username=owner).exists():
        yield Problem(
            "owner", "unknown_user", gettext('There is no user "%(owner)s".') % {"owner": owner}
        )


def _named(preferred: Any, confined: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    yield "routing_profile", preferred
    for place, one in enumerate(confined):
        yield f"confined_to[{place}]", one
