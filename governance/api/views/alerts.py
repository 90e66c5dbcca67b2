from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import AlertEventFilter, AlertFilter
from governance.api.schema import PAGE, answers
from governance.api.serializers.alerts import AlertEventSerializer, AlertTestedSerializer
from governance.api.serializers.common import listed
from governance.api.views.base import GovernanceViewSet, who
from governance.api.views.rows import PlainRowViewSet, described
from governance.json_values import moment
from governance.models import AlertEvent, AlertRule
from governance.serializers import AlertSerializer
from governance.services import ALERTS

PAGE_LENGTH = 100


@extend_schema(tags=["alerts"])
@described(ALERTS, "alerts", "alert", AlertSerializer)
class AlertViewSet(PlainRowViewSet):
    """What operators are told of, and where."""

    model = AlertRule
    filterset_class = AlertFilter
    rows = ALERTS
    names, one = "alerts", "alert"
    rights = {**GovernanceViewSet.rights, "test": ("change",)}

    @extend_schema(
        operation_id="test_alert",
        summary="Send a test message to everywhere the alert leads",
        request=None,
        responses=answers(400, 404, 409, ok=AlertTestedSerializer),
    )
    def test(self, request: Request, row_id: int) -> Response:
        return Response({"sent_by": services.try_alert(row_id, who=who(request))})


@extend_schema(tags=["alerts"])
class AlertEventViewSet(GovernanceViewSet):
    """What alerts found."""

    model = AlertEvent
    filterset_class = AlertEventFilter
    rights = {}

    @extend_schema(
        operation_id="list_alert_events",
        summary=f"List what alerts found, the latest first; {PAGE_LENGTH} unless `limit` says so",
        parameters=PAGE,
        responses=answers(400, ok=listed("events", AlertEventSerializer)),
    )
    def list(self, request: Request) -> Response:
        events = AlertEvent.objects.select_related("rule").prefetch_related("deliveries")
        rows, count = self.page(request, events, PAGE_LENGTH)
        return Response({"events": [_document(row) for row in rows], "count": count})


def _document(row: AlertEvent) -> dict[str, Any]:
    return {
        "id": row.pk,
        "alert": row.rule_id,
        "alert_name": row.rule.name,
        "title": row.title,
        "detail": row.detail,
        "value": row.value,
        "kind": row.kind,
        "subject": row.subject,
        "began_at": moment(row.began_at),
        "ended_at": moment(row.ended_at),
        "deliveries": [
            {
                "channel": one.channel,
                "phase": one.phase,
                "state": one.state,
                "tries": one.tries,
                "trouble": one.trouble,
            }
            for one in row.deliveries.all()
        ],
    }
