"""The rows operators edit. Only `governance.services` writes them."""

from governance.models.api_key import ApiKey
from governance.models.audit_entry import AuditEntry
from governance.models.group import Group
from governance.models.held_entry import HeldEntry
from governance.models.heuristic_rule import HeuristicRule
from governance.models.interaction import Interaction
from governance.models.limit import Limit
from governance.models.limit_grant import LimitGrant
from governance.models.limit_total import LimitTotal
from governance.models.log_offsets import DayFileOffset, SegmentOffset
from governance.models.model_mapping import ModelMapping
from governance.models.model_price import ModelPrice
from governance.models.provider import Provider
from governance.models.revision import Revision
from governance.models.routing_profile import RoutingProfile
from governance.models.routing_target import RoutingTarget
from governance.models.table_version import TableVersion
from governance.models.usage_bucket import UsageBucket

__all__ = [
    "ApiKey",
    "AuditEntry",
    "DayFileOffset",
    "Group",
    "HeldEntry",
    "HeuristicRule",
    "Interaction",
    "Limit",
    "LimitGrant",
    "LimitTotal",
    "ModelMapping",
    "ModelPrice",
    "Provider",
    "Revision",
    "RoutingProfile",
    "RoutingTarget",
    "SegmentOffset",
    "TableVersion",
    "UsageBucket",
]
