"""Ollama. Source: its guide to OpenAI compatibility."""

from governance.kinds.compatible import server
from governance.kinds.failure_words import OVERLOADED, UNKNOWN_MODEL, FailureWords

KIND = server(
    "ollama",
    "Ollama",
    "http://127.0.0.1:11434/v1",
    words=(
        FailureWords(
            "misconfigured",
            UNKNOWN_MODEL.code,
            "The model is not pulled.",
            (r"try pulling it first",),
            frozenset({400, 404}),
            status=404,
        ),
        FailureWords(
            "retryable",
            OVERLOADED.code,
            OVERLOADED.message,
            (r"server busy|maximum pending requests exceeded",),
            frozenset({503}),
            status=503,
        ),
    ),
)
