"""The paths of the API. None ends in a slash; one too many is forgiven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, path, re_path, resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework.renderers import JSONRenderer

from governance.api.errors import unknown_path
from governance.api.parsers import StrictJSONParser, StrictYAMLParser, YAMLRenderer
from governance.api.views.alerts import AlertEventViewSet, AlertViewSet
from governance.api.views.audit import AuditViewSet
from governance.api.views.budgets import (
    GrantViewSet,
    GroupViewSet,
    LimitViewSet,
    PriceViewSet,
)
from governance.api.views.interactions import InteractionViewSet, JsonLines
from governance.api.views.keys import KeyViewSet
from governance.api.views.kinds import ProviderKindViewSet
from governance.api.views.mappings import MappingViewSet
from governance.api.views.own_keys import KeyAllowanceViewSet, OwnKeyViewSet
from governance.api.views.profiles import ProfileViewSet
from governance.api.views.providers import ProviderViewSet
from governance.api.views.revisions import RevisionViewSet
from governance.api.views.rules import RuleViewSet
from governance.api.views.usage import Csv, UsageViewSet

Actions = Mapping[str, Any]

MANY: Actions = {"get": "list", "post": "create"}
ONE: Actions = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
PROFILE: Actions = {"get": "retrieve", "put": "update", "delete": "destroy"}
OVERRIDES: Actions = {"get": "overrides", "post": "override", "delete": "end_override"}
REPAIRS: Actions = {"get": "repairs", "delete": "forget_repairs"}
KEY: Actions = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
FIXED: Actions = {"get": "retrieve", "delete": "destroy"}
EXPORT: Actions = {"get": "export"}
IMPORT: Actions = {"post": "replace_all"}
AS_TABLE: Mapping[str, Any] = {"renderer_classes": [JSONRenderer, Csv]}
AS_YAML: Mapping[str, Any] = {"renderer_classes": [JSONRenderer, YAMLRenderer]}
OR_YAML: Mapping[str, Any] = {"parser_classes": [StrictJSONParser, StrictYAMLParser]}
AS_LINES: Mapping[str, Any] = {"renderer_classes": [JSONRenderer, JsonLines]}


@csrf_exempt  # as the API's own views are; their authentication sees to it
def without_slash(request: HttpRequest, rest: str) -> Any:
    """Answers as the path without its last slash would."""
    try:
        found = resolve(request.path_info.rstrip("/"))
    except Resolver404:
        return unknown_path(request)
    return found.func(request, *found.args, **found.kwargs)


unknown = csrf_exempt(unknown_path)

urlpatterns = [
    path("routing-profiles", ProfileViewSet.as_view({**MANY}), name="routing-profiles"),
    path("routing-profiles/export", ProfileViewSet.as_view({**EXPORT}, **AS_YAML)),
    path("routing-profiles/import", ProfileViewSet.as_view({**IMPORT}, **OR_YAML)),
    path("routing-profiles/simulate", ProfileViewSet.as_view({"post": "simulate"})),
    path("routing-profiles/<str:profile_id>", ProfileViewSet.as_view({**PROFILE})),
    path("providers", ProviderViewSet.as_view({**MANY})),
    path("providers/<str:name>", ProviderViewSet.as_view({**ONE})),
    path("provider-kinds", ProviderKindViewSet.as_view({"get": "list"})),
    path("providers/<str:name>/repairs", ProviderViewSet.as_view({**REPAIRS})),
    path("providers/<str:name>/health", ProviderViewSet.as_view({"get": "health"})),
    path("providers/<str:name>/override", ProviderViewSet.as_view({**OVERRIDES})),
    path("keys", KeyViewSet.as_view({**MANY})),
    path("keys/<str:key_id>/rotate", KeyViewSet.as_view({"post": "rotate"})),
    path("keys/<str:key_id>", KeyViewSet.as_view({**KEY})),
    path("own-keys", OwnKeyViewSet.as_view({**MANY})),
    path("own-keys/<str:key_id>", OwnKeyViewSet.as_view({"delete": "destroy"})),
    path("own-keys/<str:key_id>/rotate", OwnKeyViewSet.as_view({"post": "rotate"})),
    path("key-allowances", KeyAllowanceViewSet.as_view({**MANY})),
    path("key-allowances/<int:row_id>", KeyAllowanceViewSet.as_view({**ONE})),
    path("heuristic-rules", RuleViewSet.as_view({**MANY})),
    path("heuristic-rules/order", RuleViewSet.as_view({"put": "reorder"})),
    path("heuristic-rules/<int:rule_id>", RuleViewSet.as_view({**ONE})),
    path("model-mappings", MappingViewSet.as_view({**MANY})),
    path("model-mappings/<int:mapping_id>", MappingViewSet.as_view({**ONE})),
    path("groups", GroupViewSet.as_view({**MANY})),
    path("groups/<str:row_id>", GroupViewSet.as_view({**ONE})),
    path("limits", LimitViewSet.as_view({**MANY})),
    path("limits/replay", LimitViewSet.as_view({"post": "replay"})),
    path("limits/<int:row_id>", LimitViewSet.as_view({**ONE})),
    path("grants", GrantViewSet.as_view({**MANY})),
    path("grants/<int:row_id>", GrantViewSet.as_view({**FIXED})),
    path("prices", PriceViewSet.as_view({**MANY})),
    path("prices/recompute", PriceViewSet.as_view({"post": "recompute"})),
    path("prices/<int:row_id>", PriceViewSet.as_view({**ONE})),
    path("alerts", AlertViewSet.as_view({**MANY})),
    path("alerts/events", AlertEventViewSet.as_view({"get": "list"})),
    path("alerts/<int:row_id>", AlertViewSet.as_view({**ONE})),
    path("alerts/<int:row_id>/test", AlertViewSet.as_view({"post": "test"})),
    path("usage", UsageViewSet.as_view({"get": "list"}, **AS_TABLE)),
    path("revisions", RevisionViewSet.as_view({"get": "list"})),
    path("revisions/compare", RevisionViewSet.as_view({"get": "compare"})),
    path("revisions/<int:version>", RevisionViewSet.as_view({"get": "retrieve"})),
    path("revisions/<int:version>/revert", RevisionViewSet.as_view({"post": "revert"})),
    path("audit", AuditViewSet.as_view({"get": "list"})),
    path("audit/export", AuditViewSet.as_view({**EXPORT}, **AS_LINES)),
    path("interactions", InteractionViewSet.as_view({"get": "list"})),
    path("interactions/export", InteractionViewSet.as_view({**EXPORT}, **AS_LINES)),
    path("interactions/<path:request_id>", InteractionViewSet.as_view({"get": "retrieve"})),
    re_path(r"^(?P<rest>.*)/$", without_slash),
    re_path(r"^(?P<rest>.*)$", unknown),
]
