"""The rows operators edit. Only `governance.services` writes them."""

from governance.models.alert_delivery import AlertDelivery
from governance.models.alert_event import AlertEvent
from governance.models.alert_rule import AlertRule
from governance.models.api_key import ApiKey
from governance.models.audit_entry import AuditEntry
from governance.models.group import Group
from governance.models.health_hint import HealthHint
from governance.models.held_entry import HeldEntry
from governance.models.heuristic_rule import HeuristicRule
from governance.models.interaction import Interaction
from governance.models.key_allowance import KeyAllowance
from governance.models.limit import Limit
from governance.models.limit_grant import LimitGrant
from governance.models.limit_total import LimitTotal
from governance.models.log_offsets import DayFileOffset, SegmentOffset
from governance.models.model_mapping import ModelMapping
from governance.models.model_price import ModelPrice
from governance.models.provider import Provider
from governance.models.provider_override import ProviderOverride
from governance.models.revision import Revision
from governance.models.routing_profile import RoutingProfile
from governance.models.routing_target import RoutingTarget
from governance.models.table_version import TableVersion
from governance.models.traffic_bucket import TrafficBucket
from governance.models.usage_bucket import UsageBucket
from governance.models.usage_day import UsageDay

__all__ = [
    "AlertDelivery",
    "AlertEvent",
    "AlertRule",
    "ApiKey",
    "AuditEntry",
    "DayFileOffset",
    "Group",
    "HealthHint",
    "HeldEntry",
    "HeuristicRule",
    "Interaction",
    "KeyAllowance",
    "Limit",
    "LimitGrant",
    "LimitTotal",
    "ModelMapping",
    "ModelPrice",
    "Provider",
    "ProviderOverride",
    "Revision",
    "RoutingProfile",
    "RoutingTarget",
    "SegmentOffset",
    "TableVersion",
    "TrafficBucket",
    "UsageBucket",
    "UsageDay",
]
