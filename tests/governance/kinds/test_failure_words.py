"""What a provider says in words is told by its kind's data, not by its status alone."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.kinds import KINDS
from governance.kinds.failure_words import FailureWords
from inference.values.failures import of_status
from inference.values.reported_error import read_error

ALL = list(dict.fromkeys(words for kind in KINDS.values() for words in kind.failure_words))
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\u0130\u0131\u017f\u212a")
"""All but those that are the other case of a letter of ASCII."""


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


@pytest.mark.parametrize("words", ALL, ids=[one.code for one in ALL])
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_case_does_not_matter(words: FailureWords, data: st.DataObject) -> None:
    """Whatever a pattern means without regard to case is found, and nothing else."""

    def searched(patterns: tuple[str, ...], text: str) -> bool:
        return any(re.search(one, text, re.IGNORECASE) for one in patterns)

    pattern = re.compile(data.draw(st.sampled_from(words.marks + words.unless)), re.IGNORECASE)
    body = data.draw(st.from_regex(pattern, alphabet=LETTERS).filter(bool)).encode()
    text = read_error(body).text
    failure = of_status(min(words.statuses), body, words=(words,))
    holds = searched(words.marks, text) and not searched(words.unless, text)
    assert (failure.message == words.message) == holds
