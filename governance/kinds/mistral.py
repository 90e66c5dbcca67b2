"""Mistral. Source: its API reference, "Chat completion", which forbids members it does not know."""

from governance.kinds.compatible import cloud
from governance.kinds.model_rules import Fix, ModelRule

KIND = cloud(
    "mistral",
    "Mistral",
    "https://api.mistral.ai/v1",
    price_seller="mistral",
    model_rules=(
        ModelRule(
            r"",
            (
                Fix("role", "system"),
                Fix("rename_limit", "max_tokens"),
                Fix("drop", "stream_options"),
                Fix("drop", "seed"),
                Fix("drop", "user"),
                Fix("drop", "store"),
                Fix("drop", "logit_bias"),
                Fix("call_ids", "nine"),
            ),
        ),
    ),
)
