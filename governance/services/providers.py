"""Writing providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext

from governance.errors import Conflict, Forbidden, NotFound, check
from governance.kinds import is_private, kind_named, read_as_today, stays_here
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.routing.addresses import is_own_address
from governance.routing.fields import Problem
from governance.secrets import Unreadable
from governance.serializers import MASK, ProfileSerializer, ProviderSerializer
from governance.services.change import Change, Saved, change, merged
from governance.services.profiles import KIND as PROFILE
from governance.services.versions import Versions, expect

KIND = "provider"
SECRETS = ("api_key", "extra_headers")


def save_provider(
    document: object,
    *,
    who: str,
    existing: str | None = None,
    rename_in_targets: bool = False,
    credentials: bool = True,
    partial: bool = False,
    expected: Versions | None = None,
) -> Saved:
    """Creates a provider, or replaces the `existing` one; `partial` keeps what is not named.

    Of an existing provider the secrets stay that the document does not bring. Another name renames
    it: profiles that name the old one are renamed along, or told in the warnings. A provider
    marked as default takes the mark from the one that had it. Without `credentials` the caller may
    not touch them. Raises `Invalid`, `NotFound`, `Forbidden`, and `StaleVersion` for one of
    another version than `expected`.
    """
    with change(who, "save") as made:
        row = Provider() if existing is None else find_provider(existing)
        expect(KIND, row, expected)
        before = None if existing is None else ProviderSerializer.document(row)
        old_name = row.name
        if before is not None:
            document = merged(_kept(before, partial), document)
        check(save_problems(document, row))
        assert isinstance(document, Mapping)
        document, warnings = read_as_today(document), kind_warnings(document)
        fill_provider(row, document, credentials)
        if row.is_default:
            unmark_others(made, row)
        row.full_clean()
        row.save()
        after = ProviderSerializer.document(row)
        made.note(KIND, row.pk, row.name, before, after, secrets_in(document))
        warnings += ProviderSerializer.unknown(document)
        warnings += [*locality_warnings(row), *loop_warnings(row)]
        if existing is not None and old_name.casefold() != row.name.casefold():
            users = profiles_naming(old_name)
            if rename_in_targets:
                _rename_in_targets(made, old_name, row.name, users)
            elif users:
                warnings.append(_still_named(old_name, users))
        return made.saved(KIND, row, ProviderSerializer.document(row), warnings)


def delete_provider(
    name: str, *, who: str, force: bool = False, expected: Versions | None = None
) -> list[str]:
    """Removes the provider and returns the names of the profiles that still name it.

    Raises `NotFound`, `StaleVersion`, and `Conflict` naming those profiles unless forced: then
    their targets stay and are skipped as not configured.
    """
    with change(who, "delete") as made:
        row = find_provider(name)
        expect(KIND, row, expected)
        users = profiles_naming(row.name)
        if users and not force:
            message = gettext(
                'The routing profiles %(listed)s use the provider "%(name)s". Deleted '
                "by force, their targets stay and are skipped as not configured."
            ) % {"listed": ", ".join(users), "name": row.name}
            raise Conflict(Problem("", "in_use", message))
        made.note(KIND, row.pk, row.name, ProviderSerializer.document(row), None)
        row.delete()
        return users


def find_provider(name: str) -> Provider:
    """The provider of this name, whatever its case. Raises `NotFound`."""
    row = None if "\x00" in name else Provider.objects.filter(name__iexact=name).first()
    if row is None:
        raise NotFound(
            Problem("", "not_found", gettext('There is no provider "%(name)s".') % {"name": name})
        )
    return row


def profiles_naming(name: str) -> list[str]:
    """Names of the routing profiles with a target or a shadow at the provider of this name."""
    there = Q(targets__provider__iexact=name) | Q(shadow_target__istartswith=f"{name}/")
    rows = RoutingProfile.objects.filter(there).distinct()
    return sorted(rows.values_list("name", flat=True))


def save_problems(document: object, row: Provider) -> list[Problem]:
    """Every rule the document breaks beside what is saved; `row` is the provider it replaces."""
    others = Provider.objects.exclude(pk=row.pk).values_list("name", flat=True)
    virtual = RoutingProfile.objects.values_list("virtual_provider", flat=True)
    if isinstance(document, Mapping):
        document = read_as_today(document)
    found = ProviderSerializer.problems(document, others=others, virtual_providers=virtual)
    if isinstance(document, Mapping) and not found:
        found += _leaving_problems(document) + _mask_problems(document, row)
    return found


def kind_warnings(document: Mapping[str, Any]) -> list[Problem]:
    """What is said where a document names a kind by the name it had before."""
    today = read_as_today(document)["kind"]
    if today == document["kind"]:
        return []
    message = gettext(
        'With a base URL the kind "%(document)s" is called "%(today)s", and is read so.'
    ) % {"document": document["kind"], "today": today}
    return [Problem("kind", "renamed", message)]


def locality_warnings(row: Provider) -> list[Problem]:
    """An address that looks public although the operator says what is sent there stays."""
    kind = kind_named(row.kind)
    engine = kind is not None and kind.engine
    if not row.is_local or engine or is_private(row.base_url):
        return []
    message = gettext(
        '"%(name)s" counts as local, but its address looks public: requests that must '
        "stay within your walls are sent there."
    ) % {"name": row.name}
    return [Problem("is_local", "public_address", message)]


def loop_warnings(row: Provider) -> list[Problem]:
    """An address at which this service listens itself."""
    if not is_own_address(row.base_url, settings.LISTENS_ON, settings.ALLOWED_HOSTS):
        return []
    message = gettext(
        '"%(name)s" leads back to this gateway: a request that comes through it a '
        "second time is refused with 508."
    ) % {"name": row.name}
    return [Problem("base_url", "own_address", message)]


def fill_provider(row: Provider, document: Mapping[str, Any], credentials: bool) -> None:
    """Puts the document into the row; every way of changing a provider comes through here.

    Raises `Forbidden` for what someone without `credentials` may not touch.
    """
    touched = [] if credentials else credential_problems(document, row)
    if touched:
        raise Forbidden(touched)
    ProviderSerializer.fill(row, document)


def _kept(before: Mapping[str, Any], partial: bool) -> dict[str, Any]:
    """What stays of an existing provider that the document does not name.

    Its name in any case. Its headers stay by being absent, readable or not.
    """
    names = before if partial else ("name",)
    return {name: before[name] for name in names if name != "extra_headers"}


def credential_problems(document: Mapping[str, Any], row: Provider) -> list[Problem]:
    """What someone who may not set credentials must leave alone: them, and where they are sent.

    Another address would receive the credential, and another kind would send it in other words,
    so changing either is as good as reading it. An address that counts as local receives what
    must stay within the walls, so only what is so by itself may be called that.
    """
    held = dict.fromkeys(row.header_names(), MASK)
    found = []
    if "api_key" in document:
        found.append(Problem("api_key", "forbidden", gettext("You may not set credentials.")))
    if "extra_headers" in document and (
        (document["extra_headers"] or {}) != held or bool(row.sealed_headers) != bool(held)
    ):
        found.append(Problem("extra_headers", "forbidden", gettext("You may not set credentials.")))
    today = read_as_today(document)
    address, kind = today.get("base_url") or "", today["kind"]
    if row.credential != "none":
        message = gettext("You may not set credentials, so {} stays.")
        if address != row.base_url:
            told = message.format(gettext("the address they are sent to"))
            found.append(Problem("base_url", "forbidden", told))
        if kind != row.kind:
            told = message.format(gettext("the kind that says how they are sent"))
            found.append(Problem("kind", "forbidden", told))
    same = (address, kind, True) == (row.base_url, row.kind, row.is_local)
    by_itself = stays_here(kind, address) or is_private(address)
    if today.get("is_local") and not same and not by_itself:
        message = gettext(
            "You may not set credentials, so you may not call an address local that "
            "does not look so by itself."
        )
        found.append(Problem("is_local", "forbidden", message))
    return found


def deletion_problems(row: Provider, credentials: bool) -> list[Problem]:
    """A credential does not go with its provider by a change of another thing."""
    if credentials or row.credential == "none":
        return []
    message = gettext('You may not set credentials, so "%(name)s", which has one, stays.') % {
        "name": row.name
    }
    return [Problem(f"providers.{row.name}", "forbidden", message)]


def _leaving_problems(document: Mapping[str, Any]) -> list[Problem]:
    """A profile that is local_only must not find its provider somewhere else one day."""
    local = document.get("is_local")
    if local is None:
        local = stays_here(document["kind"], document.get("base_url") or "")
    if local:
        return []
    users = RoutingTarget.objects.filter(
        provider__iexact=document["name"], enabled=True, profile__local_only=True
    )
    shadows = RoutingProfile.objects.filter(
        local_only=True, shadow_target__istartswith=f"{document['name']}/"
    )
    names = sorted(
        {*users.values_list("profile__name", flat=True), *shadows.values_list("name", flat=True)}
    )
    if not names:
        return []
    message = gettext("The routing profiles %(listed)s are local_only and use this provider.") % {
        "listed": ", ".join(names)
    }
    return [Problem("is_local", "local_only", message)]


def _mask_problems(document: Mapping[str, Any], row: Provider) -> list[Problem]:
    """The mask keeps a header's value, so there must be one that can be kept."""
    headers = document.get("extra_headers") or {}
    masked = [name for name, value in headers.items() if value == MASK]
    if not masked:
        return []
    try:
        kept = row.reveal_headers()
    except Unreadable:
        kept = {}
    return [
        Problem(
            f"extra_headers.{name}",
            "unknown_header",
            gettext("There is no value to keep: give one."),
        )
        for name in masked
        if name not in kept
    ]


def secrets_in(document: Mapping[str, Any]) -> list[str]:
    """The fields whose secrets the document brings anew."""
    return [name for name in SECRETS if _brings(document, name)]


def _brings(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name)
    if isinstance(value, Mapping):
        return any(one != MASK for one in value.values())
    return bool(value)


def unmark_others(made: Change, row: Provider) -> None:
    """There is one default provider: this one."""
    for other in Provider.objects.filter(is_default=True).exclude(pk=row.pk):
        before = ProviderSerializer.document(other)
        other.is_default = False
        other.save(update_fields=("is_default",))
        made.note(KIND, other.pk, other.name, before, ProviderSerializer.document(other))


def _rename_in_targets(made: Change, old: str, new: str, users: list[str]) -> None:
    for profile in RoutingProfile.objects.filter(name__in=users).prefetch_related("targets"):
        before = ProfileSerializer.document(profile)
        for target in profile.ordered_targets():
            if target.provider.casefold() == old.casefold():
                target.provider = new
                target.save(update_fields=("provider",))
        shadow, _, model = profile.shadow_target.partition("/")
        if shadow.casefold() == old.casefold():
            profile.shadow_target = f"{new}/{model}"
        profile.save(update_fields=("updated_at", "shadow_target"))
        made.note(PROFILE, profile.pk, profile.name, before, ProfileSerializer.document(profile))


def _still_named(old: str, users: list[str]) -> Problem:
    message = gettext(
        'The routing profiles %(listed)s still name "%(old)s": their targets are skipped.'
    ) % {"listed": ", ".join(users), "old": old}
    return Problem("name", "still_named", message)
