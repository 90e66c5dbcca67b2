"""Cerebras. Source: its guide to OpenAI compatibility, which lists what it refuses."""

from governance.kinds.compatible import CHAT, cloud
from governance.kinds.model_rules import Fix, ModelRule

_REFUSED = ("frequency_penalty", "presence_penalty", "logit_bias", "service_tier")

KIND = cloud(
    "cerebras",
    "Cerebras",
    "https://api.cerebras.ai/v1",
    request_types=CHAT | {"completions"},
    price_seller="cerebras",
    model_rules=(
        ModelRule(r"", (Fix("role", "system"), *(Fix("drop", name) for name in _REFUSED))),
    ),
)
