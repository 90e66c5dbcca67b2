"""vLLM. Source: its guide to the OpenAI-compatible server."""

from governance.kinds.compatible import server
from governance.kinds.failure_words import UNFIT, FailureWords

KIND = server(
    "vllm",
    "vLLM",
    "http://127.0.0.1:8000/v1",
    words=(
        FailureWords(
            "unfit",
            UNFIT.code,
            UNFIT.message,
            (r"--enable-auto-tool-choice|--tool-call-parser|--reasoning-parser",),
        ),
    ),
)
