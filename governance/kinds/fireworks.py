"""Fireworks. Source: its guide to OpenAI compatibility."""

from governance.kinds.compatible import cloud
from governance.kinds.failure_words import FailureWords

KIND = cloud(
    "fireworks",
    "Fireworks",
    "https://api.fireworks.ai/inference/v1",
    price_seller="fireworks",
    words=(
        FailureWords(
            "unfit",
            "needs_stream",
            "The provider writes answers of this length as a stream alone.",
            (r"max_tokens > \d+ must have stream",),
        ),
    ),
)
