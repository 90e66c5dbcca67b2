"""What a person may do, as one choice: a role, that is a group, and with it the way in."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.utils.translation import gettext as _

from governance.whole_number import whole_number

NONE: Final = "-"
SUPERUSER: Final = "superuser"
AS_IT_IS: Final = "as-it-is"
"""Several groups, or permissions given one by one: what no role says stays until one is chosen."""

_ORDER: Final = {"Viewer": 0, "Operator": 1, "Administrator": 2}
"""The roles that come with the service, from the fewest rights to the most."""


def choices(user: User | None, chooser: Any) -> list[tuple[str, str]]:
    """What `chooser` may give; only a superuser makes superusers."""
    rows = sorted(Group.objects.all(), key=lambda one: (_ORDER.get(one.name, 9), one.name))
    found = [(NONE, _("No access to the desk"))]
    found += [(str(one.pk), one.name) for one in rows]
    if chooser.is_superuser or (user is not None and user.is_superuser):
        found.append((SUPERUSER, _("Superuser: everything, people above all")))
    if user is not None and role_of(user) == AS_IT_IS:
        found.insert(0, (AS_IT_IS, _("As it is: %(role)s") % {"role": words_of(user)}))
    return found


def role_of(user: User) -> str:
    """The choice that stands for what the person has now."""
    if user.is_superuser:
        return SUPERUSER
    if not user.is_staff:
        return NONE
    groups = list(user.groups.all())
    if len(groups) == 1 and not user.user_permissions.all():
        return str(groups[0].pk)
    return AS_IT_IS if groups or user.user_permissions.all() else NONE


def words_of(user: User) -> str:
    """The role as lists show it."""
    if user.is_superuser:
        return _("Superuser")
    if not user.is_staff:
        return _("No access")
    said = [one.name for one in user.groups.all()]
    extra = len(user.user_permissions.all())
    if extra:
        said.append(_("%(count)s permissions of their own") % {"count": extra})
    return ", ".join(said) or _("No role")


def give(user: User, role: str) -> None:
    """The person's way in and groups; permissions given one by one go with the choice of a role."""
    if role == AS_IT_IS:
        return
    user.is_superuser, user.is_staff = role == SUPERUSER, role != NONE
    user.save(update_fields=["is_superuser", "is_staff"])
    user.groups.set(Group.objects.filter(pk=whole_number(role) or 0))
    user.user_permissions.clear()
