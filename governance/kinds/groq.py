"""Groq. Source: its API reference, "Error codes", and its guide to OpenAI compatibility."""

from governance.kinds.compatible import cloud
from governance.kinds.failure_words import FailureWords
from governance.kinds.model_rules import Fix, ModelRule

KIND = cloud(
    "groq",
    "Groq",
    "https://api.groq.com/openai/v1",
    price_seller="groq",
    # Source: its API reference, "Batch API" and "Files".
    holds=frozenset({"files", "file_batches"}),
    words=(
        # The model wrote a call or JSON that is none, which another may do better.
        FailureWords(
            "unfit",
            "model_failed",
            "The provider's model wrote no valid answer.",
            (r"\btool_use_failed\b|\bjson_validate_failed\b|\boutput_parse_failed\b",),
        ),
        FailureWords(
            "retryable",
            "overloaded",
            "The provider is overloaded.",
            (r"capacity",),
            frozenset({498, 503}),
            status=503,
        ),
    ),
    model_rules=(
        ModelRule(r"", (Fix("drop", "logit_bias"), Fix("drop", "store"), Fix("drop", "metadata"))),
    ),
)
