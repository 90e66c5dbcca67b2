"""Writing API keys."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth import get_user_model

from governance.errors import NotFound, check
from governance.keys import make_key
from governance.models import ApiKey, Group, RoutingProfile
from governance.routing.fields import Problem
from governance.serializers import KeySerializer
from governance.services.budgets import remove_limits_of
from governance.services.change import Saved, change, merged

KIND = "API key"


def create_key(document: object, *, who: str) -> tuple[Saved, str]:
    """A new key and its secret, which nothing can show again. Raises `Invalid`."""
    with change(who, "create") as made:
        check(save_problems(document))
        assert isinstance(document, Mapping)
        new = make_key()
        row = ApiKey(prefix=new.prefix, digest=new.digest, changed_in=made.version)
        KeySerializer.fill(row, document)
        row.full_clean()
        row.save()
        after = KeySerializer.document(row)
        made.note(KIND, row.pk, row.name, None, after)
        return Saved(after, tuple(KeySerializer.unknown(document))), new.secret


def update_key(identity: str, document: object, *, who: str) -> Saved:
    """Changes what the document names and leaves the rest. Raises `Invalid`, `NotFound`."""
    with change(who, "save") as made:
        row = find_key(identity)
        before = KeySerializer.document(row)
        complete = merged(before, document)
        check(save_problems(complete))
        assert isinstance(complete, Mapping)
        KeySerializer.fill(row, complete)
        after = KeySerializer.document(row)
        if made.note(KIND, row.pk, row.name, before, after):
            row.changed_in = made.version
            row.full_clean()
            row.save()
        return Saved(after, tuple(KeySerializer.unknown(complete)))


def delete_key(identity: str, *, who: str) -> None:
    """Raises `NotFound`."""
    with change(who, "delete") as made:
        row = find_key(identity)
        remove_limits_of(made, "key", row.pk)
        made.note(KIND, row.pk, row.name, KeySerializer.document(row), None)
        row.delete()


def find_key(identity: str) -> ApiKey:
    """The key of this public id. Raises `NotFound`."""
    row = None if "\x00" in identity else ApiKey.objects.filter(pk=identity).first()
    if row is None:
        message = f'There is no API key with the id "{identity}".'
        raise NotFound(Problem("", "not_found", message))
    return row


def save_problems(document: object) -> list[Problem]:
    """Every rule the document breaks, what it names and does not exist included."""
    found = KeySerializer.problems(document)
    if found or not isinstance(document, Mapping):
        return found
    profile, group = document.get("routing_profile"), document.get("group")
    if profile and not RoutingProfile.objects.filter(pk=profile).exists():
        message = f'There is no routing profile with the id "{profile}".'
        found.append(Problem("routing_profile", "unknown_profile", message))
    if group and not Group.objects.filter(pk=group).exists():
        message = f'There is no group with the id "{group}".'
        found.append(Problem("group", "unknown_group", message))
    owner = document.get("owner")
    if owner and not get_user_model().objects.filter(username=owner).exists():
        found.append(Problem("owner", "unknown_user", f'There is no user "{owner}".'))
    return found
