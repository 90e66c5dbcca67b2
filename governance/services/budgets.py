"""Writing groups, limits, extra amounts and prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext

from governance.errors import Conflict
from governance.models import (
    ApiKey,
    Group,
    KeyAllowance,
    Limit,
    LimitGrant,
    ModelPrice,
    Provider,
    RoutingProfile,
)
from governance.models.group import GROUP_COLUMNS
from governance.routing.fields import Problem
from governance.serializers import (
    GrantSerializer,
    GroupSerializer,
    LimitSerializer,
    ModelPriceSerializer,
)
from governance.services.change import Change
from governance.services.plain_rows import PlainRows

NAMED = 10
"""Things a conflict names before it says how many more there are."""


def group_problems(document: object, row: Group) -> list[Problem]:
    identity = "" if row._state.adding else row.pk
    others = row.others().values_list(*GROUP_COLUMNS)
    return GroupSerializer.problems(document, others=others, id=identity)


def _keep_used_groups(made: Change, row: Group) -> None:
    users = [
        *(
            (gettext('the group "%(name)s"') % {"name": name})
            for name in row.children.values_list("name", flat=True)
        ),
        *(gettext("its key allowance") for _ in KeyAllowance.objects.filter(group=row)),
        *(
            (gettext('the API key "%(name)s"') % {"name": name})
            for name in row.keys.values_list("name", flat=True)
        ),
    ]
    if users:
        more = (
            (gettext(" and %(count)s more") % {"count": len(users) - NAMED})
            if len(users) > NAMED
            else ""
        )
        named = ", ".join(users[:NAMED]) + more
        message = gettext(
            'The group "%(name)s" is used by %(named)s: move them elsewhere first.'
        ) % {"name": row.name, "named": named}
        raise Conflict(Problem("", "in_use", message))
    remove_limits_of(made, "group", row.pk)


def limit_problems(document: object, row: Limit) -> list[Problem]:
    """Every rule the document breaks, a subject that does not exist included."""
    found = LimitSerializer.problems(document)
    if found or not isinstance(document, Mapping):
        return found
    subject = document.get("subject") or {}
    return list(_missing(subject.get("type") or "everything", subject.get("id") or ""))


def _missing(kind: str, identity: str) -> Iterator[Problem]:
    rows = {
        "key": ApiKey.objects.filter(pk=identity),
        "group": Group.objects.filter(pk=identity),
        "profile": RoutingProfile.objects.filter(pk=identity),
        "provider": Provider.objects.filter(name__iexact=identity),
    }
    if kind in rows and not rows[kind].exists():
        word = {"key": "API key", "profile": "routing profile"}.get(kind, kind)
        of = (
            (gettext('of the name "%(identity)s"') % {"identity": identity})
            if kind == "provider"
            else (gettext('with the id "%(identity)s"') % {"identity": identity})
        )
        yield Problem(
            "subject.id",
            "unknown_subject",
            gettext("There is no %(word)s %(of)s.") % {"word": word, "of": of},
        )


def grant_problems(document: object, row: LimitGrant) -> list[Problem]:
    if not row._state.adding:
        message = gettext("An extra amount never changes: delete it and make another.")
        return [Problem("", "immutable", message)]
    found = GrantSerializer.problems(document)
    if found or not isinstance(document, Mapping):
        return found
    if not Limit.objects.filter(pk=document["limit"]).exists():
        message = gettext("There is no limit with the id %(document)s.") % {
            "document": document["limit"]
        }
        return [Problem("limit", "unknown_limit", message)]
    return []


def price_problems(document: object, row: ModelPrice) -> list[Problem]:
    return ModelPriceSerializer.problems(document)


def remove_limits_of(made: Change, kind: str, identity: str) -> None:
    """The limits of a subject that goes, within the change that takes it away."""
    for row in Limit.objects.filter(subject_type=kind, subject_id=identity):
        LIMITS.remove(made, row)


GROUPS = PlainRows("group", Group, GroupSerializer, group_problems, _keep_used_groups)
LIMITS = PlainRows("limit", Limit, LimitSerializer, limit_problems)
GRANTS = PlainRows("extra amount", LimitGrant, GrantSerializer, grant_problems)
PRICES = PlainRows("price", ModelPrice, ModelPriceSerializer, price_problems)
