"""DeepSeek. Source: its API reference, "Error codes" and "Thinking mode"."""

from governance.kinds.compatible import CHAT, cloud
from governance.kinds.model_rules import Fix, ModelRule

KIND = cloud(
    "deepseek",
    "DeepSeek",
    "https://api.deepseek.com/v1",
    request_types=CHAT,
    price_seller="deepseek",
    model_rules=(ModelRule(r"", (Fix("role", "system"),)),),
)
