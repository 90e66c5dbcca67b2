"""OpenRouter. Source: its API reference, "Errors" and "App attribution"."""

from governance.kinds.compatible import cloud
from governance.kinds.failure_words import FailureWords
from governance.kinds.kind import TRACE_HEADERS

KIND = cloud(
    "openrouter",
    "OpenRouter",
    "https://openrouter.ai/api/v1",
    rank=8,
    price_seller="openrouter",
    caller_headers=TRACE_HEADERS | {b"http-referer", b"x-title"},
    words=(
        FailureWords(
            "retryable",
            "overloaded",
            "The provider is overloaded.",
            (r"no (?:allowed )?providers (?:are )?available|Provider returned error",),
            frozenset({400, 502, 503}),
            status=503,
        ),
    ),
)
