"""Every error of the API in one envelope: `{"error": {"message", "type", "code", "fields"}}`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from governance.errors import Conflict, Forbidden, NotFound, Refused, StaleVersion
from governance.json_values import moment
from governance.routing.fields import Problem

log = structlog.get_logger("pointsman.api")

TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "method_not_allowed_error",
    406: "not_acceptable_error",
    409: "conflict_error",
    412: "precondition_failed_error",
    413: "request_too_large_error",
    415: "unsupported_media_type_error",
    429: "rate_limit_error",
    500: "api_error",
    501: "not_implemented_error",
    503: "unavailable_error",
}

DATABASE_AWAY: Final = (OperationalError, InterfaceError)
"""What Django raises while the database is away, locked for long, or out of disk."""
AWAY_WORDS: Final = (
    "The database does not answer. Chat requests go on with the routing that was in force last, "
    "and their records wait on disk; what is read or changed here has to wait until it is back."
)


class NotImplementedHere(exceptions.APIException):
    """This installation lacks a part that the request needs."""

    status_code = 501
    default_code = "not_implemented"


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler. What nobody foresaw is logged whole and told in one sentence."""
    set_rollback()
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, ProtectedError):
        return _response(409, "Other things still refer to this one.", "in_use")
    if isinstance(error, DATABASE_AWAY):
        return database_away()
    if not isinstance(error, exceptions.APIException):
        log.error("request_failed", exc_info=error)
        return _response(500, "The service failed to answer; its log says why.", "internal_error")
    if isinstance(error, exceptions.ValidationError):
        return _problems(400, list(_told(error.detail, "")))
    response = _response(error.status_code, _sentence(error), _code(error))
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


def database_away() -> Response:
    response = _response(503, AWAY_WORDS, "database_unavailable")
    response["Retry-After"] = "2"
    return response


def envelope(
    status: int, message: str, code: str, fields: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    return {
        "error": {
            "message": message,
            "type": TYPES.get(status, "api_error"),
            "code": code,
            "fields": dict(fields or {}),
        }
    }


def unknown_path(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Answers what no path of the API matches."""
    message = f"There is nothing at {request.path}."
    return JsonResponse(envelope(404, message, "not_found"), status=404)


def _refused(error: Refused) -> Response:
    if isinstance(error, StaleVersion):
        return _stale(error)
    statuses = {NotFound: 404, Conflict: 409, Forbidden: 403}
    return _problems(statuses.get(type(error), 400), error.problems)


def _stale(error: StaleVersion) -> Response:
    """What `If-Match` stopped, with all that is needed to look again and decide."""
    answer = _problems(412, error.problems)
    answer.data["error"] |= {
        "version": error.version,
        "changed_since": [
            {
                "version": one.version,
                "who": one.who,
                "when": moment(one.when),
                "words": list(one.words),
            }
            for one in error.changes
        ],
    }
    answer["ETag"] = f'"{error.version}"'
    return answer


def _problems(status: int, problems: Iterable[Problem]) -> Response:
    found = list(problems)
    fields: dict[str, list[str]] = {}
    for problem in found:
        if problem.path:
            fields.setdefault(problem.path, []).append(problem.message)
    message = found[0].message if found else "The request breaks a rule."
    if len(found) > 1:
        message += f" And {len(found) - 1} more." if len(found) > 2 else " And one more."
    codes = {problem.code for problem in found}
    return _response(status, message, codes.pop() if len(codes) == 1 else "invalid", fields)


def _response(
    status: int, message: str, code: str, fields: Mapping[str, list[str]] | None = None
) -> Response:
    return Response(envelope(status, message, code, fields), status=status)


def _told(detail: Any, path: str) -> Iterator[Problem]:
    """DRF's nested details of a validation error as problems."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            place = "" if name in ("non_field_errors", "__all__") else str(name)
            yield from _told(inner, f"{path}.{place}" if path and place else path or place)
    elif isinstance(detail, list | tuple):
        for inner in detail:
            yield from _told(inner, path)
    else:
        yield Problem(path, str(getattr(detail, "code", "invalid")), str(detail))


def _sentence(error: exceptions.APIException) -> str:
    return " ".join(problem.message for problem in _told(error.detail, ""))


def _code(error: exceptions.APIException) -> str:
    return next((problem.code for problem in _told(error.detail, "")), "error")
