"""Writing routing profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from governance.errors import Conflict, Invalid, NotFound, check
from governance.models import ApiKey, Provider, RoutingProfile, RoutingTarget
from governance.models.routing_profile import new_profile_id
from governance.routing.fields import Problem
from governance.routing.rules import locality, taken
from governance.serializers import ProfileSerializer
from governance.services.change import Change, Saved, change
from governance.services.versions import Versions, expect

KIND = "routing profile"
Revision = Callable[[dict[str, Any]], dict[str, Any]]


def save_profile(
    document: object,
    *,
    who: str,
    existing: str | None = None,
    expected: Versions | None = None,
) -> Saved:
    """Creates a profile, or replaces the `existing` one and its targets whole.

    A new profile without `id` gets one; an existing one keeps its own. Raises `Invalid`,
    `Conflict` for a new profile with the id of another, `NotFound`, and `StaleVersion` for one
    of another version than `expected`.
    """
    with change(who, "save") as made:
        row = RoutingProfile() if existing is None else find_profile(existing)
        expect(KIND, row, expected)
        return _put(made, row, document, existing)


def revise_profile(
    identity: str, revise: Revision, *, who: str, words: Callable[[str], str] | None = None
) -> Saved:
    """Replaces a profile by what `revise` makes of its document, read under the writers' lock.

    `words` makes of the profile's name what the revision says afterwards. Raises what
    `revise` raises, `Invalid`, `NotFound`.
    """
    with change(who, "save") as made:
        row = find_profile(identity)
        document = revise(ProfileSerializer.document(row))
        return _put(made, row, document, row.pk, words(row.name) if words else "")


def _put(
    made: Change, row: RoutingProfile, document: object, existing: str | None, words: str = ""
) -> Saved:
    before = None if existing is None else ProfileSerializer.document(row)
    complete = with_id(document, existing)
    found = profile_problems(complete, existing)
    if any(one.path == "id" and one.code == "unique" for one in found):
        raise Conflict(found)
    check(found)
    assert isinstance(complete, Mapping)
    ProfileSerializer.fill(row, complete)
    after = ProfileSerializer.document(row)
    warnings = (*ProfileSerializer.unknown(complete), *profile_warnings(after))
    if made.note(KIND, row.pk, row.name, before, after, words=words):
        write(row)
    return made.saved(KIND, row, after, warnings)


def delete_profile(identity: str, *, who: str, expected: Versions | None = None) -> None:
    """Raises `NotFound`, `StaleVersion`, and `Conflict` while API keys are bound to it."""
    with change(who, "delete") as made:
        row = find_profile(identity)
        expect(KIND, row, expected)
        found = bound_problems([row.id])
        if found:
            raise Conflict(found)
        made.note(KIND, row.pk, row.name, ProfileSerializer.document(row), None)
        row.delete()


def find_profile(identity: str) -> RoutingProfile:
    """The profile of this id. Raises `NotFound`."""
    row = None
    if "\x00" not in identity:
        row = RoutingProfile.objects.prefetch_related("targets").filter(pk=identity).first()
    if row is None:
        message = gettext('There is no routing profile with the id "%(identity)s".') % {
            "identity": identity
        }
        raise NotFound(Problem("", "not_found", message))
    return row


def with_id(document: object, existing: str | None) -> object:
    """The document with its id: that of the existing profile, or a new one when it has none.

    Raises `Invalid` when the document of an existing profile names another id.
    """
    if not isinstance(document, Mapping):
        return document
    identity = document.get("id")
    if identity is None:
        return {**document, "id": existing if existing is not None else new_profile_id()}
    if existing is not None and identity != existing:
        message = gettext('A routing profile keeps its id: this one is "%(existing)s".') % {
            "existing": existing
        }
        raise Invalid(Problem("id", "fixed", message))
    return document


def profile_problems(document: object, existing: str | None) -> list[Problem]:
    """Every rule the document breaks beside what is saved; `existing` is the id it replaces."""
    others = RoutingProfile.objects.all()
    if existing is not None:
        others = others.exclude(pk=existing)
    return ProfileSerializer.problems(
        document,
        taken=taken(others.values_list("id", "name", "virtual_provider")),
        locality=locality(dict(Provider.objects.values_list("name", "is_local"))),
    )


def profile_warnings(document: Mapping[str, Any]) -> list[Problem]:
    """What is allowed and probably not meant."""
    key = document["virtual_key_id"]
    if key and not ApiKey.objects.filter(pk=key).exists():
        message = gettext(
            'There is no API key with the id "%(key)s": nobody can use this profile.'
        ) % {"key": key}
        return [Problem("virtual_key_id", "unknown_key", message)]
    return []


def bound_problems(identities: Sequence[str]) -> list[Problem]:
    """A problem for each of the profiles that API keys are bound to, or confined to."""
    going = RoutingProfile.objects.filter(pk__in=identities)
    names = dict(going.values_list("pk", "name"))
    bound: dict[str, set[str]] = {}
    for key, preferred, confined in ApiKey.objects.values_list(
        "name", "routing_profile", "confined_to"
    ):
        for one in {preferred, *confined} & names.keys():
            bound.setdefault(names[one], set()).add(key)
    return [
        Problem(
            "",
            "in_use",
            gettext(
                'The routing profile "%(profile)s" is bound to the API keys %(listed)s: '
                "bind them elsewhere first."
            )
            % {"profile": profile, "listed": ", ".join(sorted(keys))},
        )
        for profile, keys in sorted(bound.items())
    ]


def write(row: RoutingProfile) -> None:
    """Saves the profile with the targets of its draft in place of those it had."""
    targets = row.ordered_targets()
    row.full_clean()
    for target in targets:
        target.clean_fields(exclude=("profile",))
    row.save()
    row.targets.all().delete()
    RoutingTarget.objects.bulk_create(targets)
