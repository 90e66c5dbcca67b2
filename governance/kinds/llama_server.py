"""The server of llama.cpp. Source: the README of its `tools/server`."""

from governance.kinds.compatible import server
from governance.kinds.failure_words import OVERLOADED, UNFIT, FailureWords

KIND = server(
    "llama_server",
    "llama.cpp server",
    "http://127.0.0.1:8080/v1",
    words=(
        FailureWords(
            "unfit",
            UNFIT.code,
            UNFIT.message,
            (
                r"requires --jinja",
                r"(?:image|audio) input is not supported|need to provide the mmproj",
            ),
            frozenset({400, 500, 501}),
            status=400,
        ),
        FailureWords(
            "retryable",
            OVERLOADED.code,
            "The model is being loaded.",
            (r"loading model",),
            frozenset({503}),
            status=503,
        ),
    ),
)
