"""What the viewsets share: who calls, filters, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_filters import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from governance.errors import Invalid
from governance.routing.fields import Problem
from governance.routing.table import VirtualKey
from governance.services import Maker, Saved, Versions, maker_of
from governance.services.makers import KEY_RIGHTS
from governance.whole_number import whole_number

Row = TypeVar("Row", bound=Model)

MAX_LIMIT: Final = 100_000


class GovernanceViewSet(ViewSet):
    """`rights[action]` says which of Django's permissions on `model` an action needs."""

    model: ClassVar[type[Model]]
    filterset_class: ClassVar[type[FilterSet]]
    rights: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "create": ("add",),
        "update": ("change",),
        "partial_update": ("change",),
        "destroy": ("delete",),
    }
    """What is not listed needs `view`."""
    writing_scopes: ClassVar[tuple[str, ...]] = ("governance:write",)
    """What a key needs for everything but viewing."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # DRF takes a body whose length is not announced for no body at all.
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            request.META.setdefault("CONTENT_LENGTH", "-1")
        return super().initialize_request(request, *args, **kwargs)

    def page(
        self, request: Request, rows: QuerySet[Row], limit: int | None = None
    ) -> tuple[list[Row], int]:
        """The rows the query string asks for, and how many there are without `limit`."""
        filtered = DjangoFilterBackend().filter_queryset(request, rows, self)
        offset = _number(request, "offset", 0, 0)
        wanted = _number(request, "limit", limit, 1)
        end = None if wanted is None else (offset or 0) + wanted
        found = list(filtered[offset:end])
        if offset == 0 and (wanted is None or len(found) < wanted):
            return found, len(found)
        return found, filtered.count()


def answered(name: str, saved: Saved, status: int = 200, **more: Any) -> Response:
    """What was saved under `name`, with its version as `ETag`."""
    document = {name: saved.document, **more}
    return tagged(Response(with_warnings(document, saved.warnings), status=status), saved.version)


def tagged(answer: Response, version: int) -> Response:
    answer["ETag"] = f'"{version}"'
    return answer


def expected(request: Request) -> Versions | None:
    """The versions that `If-Match` lets a change go on from (RFC 9110, section 13.1.1).

    None where any will do. What is no version of ours matches nothing.
    """
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    tags = (tag.strip() for tag in given.split(","))
    found = [tag[1:-1] if len(tag) > 1 and tag[0] == tag[-1] == '"' else tag for tag in tags]
    versions = map(whole_number, found)
    return frozenset(one for one in versions if one is not None)


def who(request: Request) -> str:
    """The caller as revisions name them."""
    return str(getattr(request.user, "name", "") or request.user.get_username())


def may_set_credentials(request: Request) -> bool:
    """People need a permission of its own; a key that may write may write them too."""
    return isinstance(request.auth, VirtualKey) or request.user.has_perm(
        "governance.set_credentials"
    )


def may(request: Request) -> Callable[[Sequence[str]], bool]:
    """Whether a person has permissions; what a key may do, its scopes have said already, but for
    API keys, which one that may write otherwise leaves alone."""

    def allowed(permissions: Sequence[str]) -> bool:
        if isinstance(request.auth, VirtualKey):
            return "keys" in request.auth.scopes or KEY_RIGHTS.isdisjoint(permissions)
        return bool(request.user.has_perms(permissions))

    return allowed


def maker(request: Request) -> Maker:
    """What the caller has to give to the keys they make."""
    return maker_of(request.auth if isinstance(request.auth, VirtualKey) else request.user)


def flag(request: Request, name: str) -> bool:
    """A boolean of the query string; absent is false. Raises `Invalid`."""
    value = request.query_params.get(name, "false").lower()
    if value in ("true", "1", ""):
        return True
    if value in ("false", "0"):
        return False
    raise Invalid(Problem(name, "invalid", f"{name} must be true or false."))


def chosen(request: Request, name: str, words: Sequence[str]) -> str:
    """One of these words of the query string; absent is the first. Raises `Invalid`."""
    value = request.query_params.get(name, words[0])
    if value not in words:
        message = f"{name} must be one of {', '.join(words)}."
        raise Invalid(Problem(name, "invalid", message))
    return value


def with_warnings(document: dict[str, Any], warnings: Iterable[Problem]) -> dict[str, Any]:
    """The answer, with what deserves a second look if anything does."""
    told = warning_documents(warnings)
    return {**document, "warnings": told} if told else document


def warning_documents(warnings: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"path": one.path, "code": one.code, "message": one.message} for one in warnings]


def _number(request: Request, name: str, default: int | None, low: int) -> int | None:
    value = request.query_params.get(name)
    if value is None:
        return default
    found = whole_number(value)
    if found is not None and low <= found <= MAX_LIMIT:
        return found
    message = f"{name} must be a whole number from {low} to {MAX_LIMIT:,}."
    raise Invalid(Problem(name, "invalid", message))
