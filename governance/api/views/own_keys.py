from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance import services
from governance.api.filters import KeyAllowanceFilter, KeyFilter
from governance.api.schema import WRITING, answers
from governance.api.serializers.keys import (
    NewKeySerializer,
    NewOwnKeySerializer,
    OwnKeysSerializer,
    RotationSerializer,
    grace_of,
)
from governance.api.views.base import GovernanceViewSet, answered
from governance.api.views.rows import PlainRowViewSet, described
from governance.models import ApiKey, KeyAllowance
from governance.routing.table import VirtualKey
from governance.serializers import KeyAllowanceSerializer, KeySerializer
from governance.services import KEY_ALLOWANCES


@extend_schema(tags=["API keys"])
@described(KEY_ALLOWANCES, "allowances", "allowance", KeyAllowanceSerializer)
class KeyAllowanceViewSet(PlainRowViewSet):
    """Who may make keys of their own in a group, and what such keys may."""

    model = KeyAllowance
    filterset_class = KeyAllowanceFilter
    rows = KEY_ALLOWANCES
    names, one = "allowances", "allowance"
    writing_scopes = (*GovernanceViewSet.writing_scopes, "keys")


class SignedInPerson(BasePermission):
    """A person, whatever else they may do: an API key has no keys of its own."""

    message = "Only people who are signed in have keys of their own."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        person = not isinstance(request.auth, VirtualKey)
        return person and bool(user.is_authenticated and user.is_active)


@extend_schema(tags=["own keys"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_own_keys",
        summary="List the keys you own, and where you may make some",
        responses=answers(ok=OwnKeysSerializer),
    ),
    create=extend_schema(
        operation_id="create_own_key",
        summary="Make a key of your own, inside what your group allows",
        request=NewOwnKeySerializer,
        responses=answers(*WRITING, 409, created=NewKeySerializer),
    ),
    destroy=extend_schema(
        operation_id="delete_own_key",
        summary="Delete a key of your own",
        responses=answers(404, gone=True),
    ),
)
class OwnKeyViewSet(GovernanceViewSet):
    """The keys of whoever is signed in."""

    model = ApiKey
    filterset_class = KeyFilter
    permission_classes = (SignedInPerson,)

    def list(self, request: Request) -> Response:
        name = request.user.get_username()
        keys = services.own_keys(name)
        allowances = services.allowances_of(name)
        return Response(
            {
                "keys": [KeySerializer.answer(row) for row in keys],
                "allowances": [
                    {
                        "group": row.group_id,
                        "group_name": row.group.name,
                        "profiles": row.profiles,
                        "days": row.days,
                        "most_keys": row.most_keys,
                    }
                    for row in allowances
                ],
            }
        )

    def create(self, request: Request) -> Response:
        saved, secret = services.create_own_key(request.data, user=request.user)
        return answered("key", saved, 201, secret=secret)

    @extend_schema(
        operation_id="rotate_own_key",
        summary="Give a key of your own a new secret",
        request=RotationSerializer,
        responses=answers(*WRITING, 404, ok=NewKeySerializer),
    )
    def rotate(self, request: Request, key_id: str) -> Response:
        saved, secret = services.rotate_own_key(
            key_id, user=request.user, grace=grace_of(request.data)
        )
        return answered("key", saved, secret=secret)

    def destroy(self, request: Request, key_id: str) -> Response:
        services.delete_own_key(key_id, user=request.user)
        return Response(status=204)
