"""Anthropic and what speaks its Messages API."""

from governance.kinds.auth import KeyHeader
from governance.kinds.kind import (
    LIST_HEADERS,
    TOO_LONG,
    TRACE_HEADERS,
    FailureWords,
    Preset,
    Probe,
    ProviderKind,
)

KIND = ProviderKind(
    name="anthropic",
    label="Anthropic",
    help="Anthropic, and what speaks its Messages API at another address.",
    rank=40,
    protocol="anthropic",
    request_types=frozenset({"chat", "messages", "responses"}),
    # Anthropic's own SDK takes the address without its version; operators paste it here.
    base_path_end="/v1",
    auth=KeyHeader("x-api-key", ""),
    # Source: Anthropic's API reference, "Versioning"; the header is required.
    headers=(("anthropic-version", "2023-06-01"),),
    caller_headers=TRACE_HEADERS | {b"anthropic-version", b"anthropic-beta"},
    list_headers=LIST_HEADERS | {b"anthropic-beta"},
    counts_tokens=True,
    # It lists in pages, of 1000 at most. Source: its API reference, "List Models".
    probe=Probe("/messages", "content", "max_tokens", "/models?limit=1000"),
    # Whoever speaks its protocol at another address resells the same models.
    price_seller="anthropic",
    failure_words=(
        TOO_LONG,
        # An empty account answers with 400, as if the request were at fault.
        FailureWords(
            "misconfigured",
            "no_credit",
            "The gateway's account at the provider has no credit left.",
            (b"credit balance is too low",),
        ),
    ),
    presets=(Preset("Anthropic", "anthropic", "https://api.anthropic.com", rank=2),),
)
