from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schema import answers
from governance.api.serializers.usage import UsageReportSerializer
from governance.api.views.base import GovernanceViewSet
from governance.errors import Invalid, check
from governance.interactions.exporting import safe_cell
from governance.interactions.usage_report import (
    FILTERS,
    GROUPS,
    INTERVALS,
    UsageQuestion,
    columns,
    totals,
    usage_report,
)
from governance.json_values import in_utc, point_in_time
from governance.models import UsageBucket
from governance.routing.fields import Problem, one_of

MONTH: Final = timedelta(days=30)
"""What is told where nobody says from when."""


class Csv(BaseRenderer):
    """A table for spreadsheets."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        if "error" in data:
            return str(data["error"]["message"])
        out = io.StringIO()
        writer = csv.DictWriter(out, data["columns"], lineterminator="\r\n")
        writer.writeheader()
        for row in data["rows"]:
            writer.writerow({name: safe_cell(value) for name, value in row.items()})
        return out.getvalue()


@extend_schema(tags=["usage"])
class UsageViewSet(GovernanceViewSet):
    """What was used, from the ledger: it stays when interactions are pruned."""

    model = UsageBucket
    rights = {}

    @extend_schema(
        operation_id="get_usage",
        summary="Get requests, tokens and cost; as CSV with `Accept: text/csv`",
        parameters=[
            OpenApiParameter("group_by", str, description=f"By commas: {', '.join(GROUPS)}."),
            OpenApiParameter("interval", str, enum=list(INTERVALS)),
            OpenApiParameter("from", datetime, description="30 days ago unless it is given."),
            OpenApiParameter("to", datetime, description="Now unless it is given."),
            *(
                OpenApiParameter(name, str, description=f"Only of this {name}, by its id or name.")
                for name in FILTERS
            ),
        ],
        responses={
            200: UsageReportSerializer,
            (200, Csv.media_type): OpenApiResponse(OpenApiTypes.STR, description="The same rows."),
            **answers(400),
        },
    )
    def list(self, request: Request) -> Response:
        question = asked(request.query_params)
        rows = usage_report(question)
        renderer = getattr(request, "accepted_renderer", None)
        if isinstance(renderer, Csv):
            return Response({"rows": rows, "columns": columns(rows, question)})
        return Response(
            {
                "from": in_utc(question.begin),
                "to": in_utc(question.end),
                "rows": rows,
                "total": totals(question),
            }
        )


def asked(query: Mapping[str, Any]) -> UsageQuestion:
    """What a query string asks. Raises `Invalid`."""
    found: list[Problem] = []
    named = [one.strip() for one in str(query.get("group_by", "")).split(",")]
    group_by = tuple(dict.fromkeys(one for one in named if one))
    if not set(group_by) <= set(GROUPS):
        message = f"Each of group_by must be {one_of(tuple(GROUPS))}."
        found.append(Problem("group_by", "choice", message))
    interval = str(query.get("interval", ""))
    if interval and interval not in INTERVALS:
        found.append(Problem("interval", "choice", "interval must be hour or day."))
    now = datetime.now(UTC)
    end = _moment(query, "to", now, found)
    begin = _moment(query, "from", end - MONTH, found)
    check(found)
    if begin > end:
        raise Invalid(Problem("from", "range", "from must be before to."))
    only = {name: str(query[name]).replace("\0", "") for name in FILTERS if query.get(name)}
    return UsageQuestion(begin, end, group_by, interval, only)


def _moment(
    query: Mapping[str, Any], name: str, default: datetime, found: list[Problem]
) -> datetime:
    value = query.get(name)
    if not value:
        return default
    text = str(value).replace(" ", "+")
    moment = point_in_time(text if "T" in text else f"{text}T00:00:00Z")
    if moment is None:
        message = f"{name} must be a date, or a time with its zone, as 2030-01-31T12:00:00Z."
        found.append(Problem(name, "invalid", message))
        return default
    return moment
