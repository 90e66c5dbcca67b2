"""Secrets are cut out of an upstream's words; ordinary words are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.routing.table import ProviderEntry
from inference.upstream.backend import backend_of

SAID = b'Invalid value for messages[0].content: "production" of the platform team is no gpt-4o.'


def redacted(body: bytes, *headers: tuple[str, str], api_key: str = "") -> bytes:
    url = "http://127.0.0.1:9/v1"
    provider = ProviderEntry("p", "openai", url, True, api_key=api_key, extra_headers=headers)
    return backend_of(provider).redacted(body)


@pytest.mark.parametrize(
    "value",
    ["messages", "production", "platform team", "content", "gpt-4o", "aaaaaaaaaaaa", "2026-11-28"],
)
def test_a_word_is_no_secret(value: str) -> None:
    said = SAID + value.encode()
    assert redacted(said, ("x-team", value)) == said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-org", "org-9f8e7d6c5b4a"),
        ("authorization", "Bearer hunterhunter"),
        ("x-api-key", "correcthorsebattery"),
        ("cf-access-client-secret", "messages"),
        ("cookie", "session=abcdefgh"),
        ("x-custom", "Bearer 0123456789abcdef"),
    ],
)
def test_a_credential_is_cut_out_with_its_scheme_and_without(name: str, value: str) -> None:
    part = value.removeprefix("Bearer ")
    for quoted in (value, part):
        said = redacted(f"You sent {quoted} here".encode(), (name, value))
        assert part.encode() not in said
        assert b"[redacted]" in said


@settings(max_examples=50)
@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=8))
def test_the_key_is_cut_out_whatever_it_is(key: str) -> None:
    assert key.encode() not in redacted(b"<" + key.encode() + b">", api_key=key)
