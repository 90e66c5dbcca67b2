"""The models as JSON documents: the one form that API, export, import and revisions share.

Every serializer derives its fields from its model. What a document may hold beside the columns
(secrets, nested targets) is declared here. No document holds a secret.
"""

from governance.serializers.alerts import AlertSerializer
from governance.serializers.key_allowances import KeyAllowanceSerializer
from governance.serializers.keys import KeySerializer
from governance.serializers.limits import (
    GrantSerializer,
    GroupSerializer,
    LimitSerializer,
    ModelPriceSerializer,
)
from governance.serializers.mappings import MappingSerializer
from governance.serializers.overrides import OverrideSerializer
from governance.serializers.profiles import ProfileSerializer, TargetSerializer
from governance.serializers.providers import MASK, ProviderSerializer
from governance.serializers.rules import RuleSerializer

__all__ = [
    "MASK",
    "AlertSerializer",
    "GrantSerializer",
    "GroupSerializer",
    "KeyAllowanceSerializer",
    "KeySerializer",
    "LimitSerializer",
    "MappingSerializer",
    "ModelPriceSerializer",
    "OverrideSerializer",
    "ProfileSerializer",
    "ProviderSerializer",
    "RuleSerializer",
    "TargetSerializer",
]
