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
        (
            "anthropic",
            400,
            b'{"error":{"message":"This organization has been disabled."}}',
            "misconfigured",
        ),
        (
            "gemini",
            400,
            b'{"error":{"message":"User location is not supported for the API use."}}',
            "misconfigured",
        ),
        (
            "openai",
            400,
            b'{"message":"The provided model identifier is invalid."}',
            "misconfigured",
        ),
        (
            "openai",
            400,
            b'{"error":{"code":"1261","message":"Prompt exceeds max length"}}',
            "too_long",
        ),
        (
            "openai",
            400,
            b'{"error":{"message":"name: string exceeds maximum length of 64"}}',
            "callers_fault",
        ),
        (
            "openai",
            400,
            b'{"error":"The number of tokens to keep from the initial prompt is greater '
            b'than the context length."}',
            "too_long",
        ),
        (
            "openai",
            400,
            b'{"error":{"code":"1302","message":"High concurrency usage of this API"}}',
            "retryable",
        ),
        (
            "openai",
            400,
            b'{"error":{"message":"Model is too busy, please try again later"}}',
            "retryable",
        ),
    ],
)
def test_words(kind: str, status: int, body: bytes, outcome: str) -> None:
    assert of_status(status, body, words=KINDS[kind].failure_words).outcome == outcome
