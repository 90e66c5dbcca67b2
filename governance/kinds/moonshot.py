"""Moonshot. Source: its API reference, "Chat" and "Errors"."""

from governance.kinds.compatible import CHAT, cloud
from governance.kinds.failure_words import FailureWords
from governance.kinds.model_rules import Fix, ModelRule

KIND = cloud(
    "moonshot",
    "Moonshot",
    "https://api.moonshot.ai/v1",
    request_types=CHAT,
    price_seller="moonshotai",
    words=(
        FailureWords(
            "retryable",
            "overloaded",
            "The provider is overloaded.",
            (r"engine_overloaded_error",),
            frozenset({429, 503}),
            status=503,
        ),
    ),
    model_rules=(ModelRule(r"", (Fix("role", "system"), Fix("highest_temperature", "1"))),),
)
