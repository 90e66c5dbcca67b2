"""Text Generation Inference. Source: its guide to the Messages API; its one model is `tgi`."""

from governance.kinds.compatible import server
from governance.kinds.failure_words import OVERLOADED, FailureWords

KIND = server(
    "tgi",
    "TGI",
    "http://127.0.0.1:3000/v1",
    words=(
        FailureWords(
            "retryable",
            OVERLOADED.code,
            OVERLOADED.message,
            (r"\boverloaded\b",),
            frozenset({424, 429, 503}),
            status=503,
        ),
    ),
)
