"""Who may do what: scopes for API keys, Django's model permissions for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.routing.table import VirtualKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from governance.api.views.base import GovernanceViewSet

READ: Final = "governance:read"


class GovernancePermission(BasePermission):
    """A key needs the action's scope, a staff user the permissions on the view's model.

    The view says what each action needs: `rights[action]` are words of Django's permissions
    (`view`, `add`, `change`, `delete`); who only views needs the scope to read.
    """

    message = "You may not do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        governed = cast("GovernanceViewSet", view)
        rights = governed.rights.get(governed.action or "", ("view",))
        if isinstance(request.auth, VirtualKey):
            needed = (READ,) if rights == ("view",) else governed.writing_scopes
            lacking = [scope for scope in needed if scope not in request.auth.scopes]
            self.message = f"The API key lacks the scope {' and '.join(lacking)}."
            return not lacking
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            return False
        label, model = governed.model._meta.app_label, governed.model._meta.model_name
        permissions = [f"{label}.{right}_{model}" for right in rights]
        self.message = f"You lack the permission {' or '.join(permissions)}."
        return bool(user.has_perms(permissions))
