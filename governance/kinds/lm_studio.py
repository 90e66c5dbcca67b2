"""LM Studio. Source: its guide to OpenAI compatibility endpoints."""

from governance.kinds.compatible import server
from governance.kinds.failure_words import UNKNOWN_MODEL, FailureWords

KIND = server(
    "lm_studio",
    "LM Studio",
    "http://127.0.0.1:1234/v1",
    words=(
        FailureWords(
            "misconfigured",
            UNKNOWN_MODEL.code,
            "No model is loaded, or not this one.",
            (r"no models? (?:is |are )?loaded|failed to load model|model .{0,80}not loaded",),
            frozenset({400, 404, 500}),
            status=404,
        ),
    ),
)
