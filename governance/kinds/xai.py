"""xAI. Source: its API reference, and its guide to reasoning."""

from governance.kinds.compatible import cloud
from governance.kinds.model_rules import Fix, ModelRule

KIND = cloud(
    "xai",
    "xAI",
    "https://api.x.ai/v1",
    price_seller="x-ai",
    model_rules=(
        # Its reasoning models refuse these.
        ModelRule(
            r"grok-(?:[4-9]|3-mini|code)",
            (Fix("drop", "presence_penalty"), Fix("drop", "frequency_penalty")),
        ),
        ModelRule(r"grok-(?:4$|4-0|code)", (Fix("drop", "reasoning_effort"),)),
    ),
)
