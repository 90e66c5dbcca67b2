"""What a provider says in words is told by its kind's data, not by its status alone."""

import pytest

from governance.kinds import KINDS
from inference.values.failures import of_status


@pytest.mark.parametrize(
    ("kind", "status", "body", "outcome"),
    [
        ("openai", 400, b'{"error":{"code":"context_length_exceeded"}}', "too_long"),
        ("anthropic", 413, b'{"error":{"message":"prompt is too long"}}', "too_long"),
        (
            "anthropic",
            400,
            b'{"error":{"message":"Your credit balance is too low"}}',
            "misconfigured",
        ),
        ("openai", 400, b'{"error":{"message":"Model Not Exist"}}', "misconfigured"),
        ("openai", 400, b'{"error":{"message":"Your credit balance is too low"}}', "misconfigured"),
        ("openai", 400, b'{"error":{"message":"No.","x":"prompt is too long"}}', "callers_fault"),
        ("anthropic", 500, b"credit balance is too low", "retryable"),
        ("mlx_server", 400, b"maximum context length", "too_long"),
        ("mlx_server", 400, b"x" * 9000 + b"maximum context length", "callers_fault"),
    ],
)
def test_words(kind: str, status: int, body: bytes, outcome: str) -> None:
    assert of_status(status, body, words=KINDS[kind].failure_words).outcome == outcome
