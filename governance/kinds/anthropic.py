"""Anthropic and what speaks its Messages API."""

from governance.kinds.auth import KeyHeader
from governance.kinds.claude import LONGEST_ANSWERS
from governance.kinds.kind import LIST_HEADERS, TRACE_HEADERS, Preset, Probe, ProviderKind
from governance.kinds.model_rules import Fix, ModelRule

KIND = ProviderKind(
    name="anthropic",
    label="Anthropic",
    help="Anthropic, and what speaks its Messages API at another address.",
    rank=40,
    protocol="anthropic",
    request_types=frozenset({"chat", "messages", "responses"}),
    holds=frozenset({"batches", "message_files"}),
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
    # It sends `ping` events. Source: its streaming guide, "Ping events".
    signs_of_life=True,
    # Source: its guide "Prefill Claude's response"; Claude 4.6 and later refuse it.
    prefill=r"(?!claude-[a-z]+-(?:4[-.][6-9](?!\d)|[5-9](?!\d)|[1-9]\d(?!\d)))",
    model_rules=(
        *LONGEST_ANSWERS,
        # Source: Anthropic's migration guides. Claude 4.7 and later take no sampling parameters,
        # 4.1 to 4.6 take one of them.
        ModelRule(
            r"claude-[a-z]+-(?:4[-.][7-9](?!\d)|[5-9](?!\d)|[1-9]\d(?!\d))",
            (Fix("drop", "temperature"), Fix("drop", "top_p"), Fix("drop", "top_k")),
        ),
        ModelRule(r"claude-[a-z]+-4[-.][1-6](?!\d)", (Fix("one_sampling"),)),
    ),
    presets=(Preset("Anthropic", "anthropic", "https://api.anthropic.com", rank=2),),
)
