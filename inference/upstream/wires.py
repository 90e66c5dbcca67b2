"""The kinds of provider as data: where the credential goes and which headers a protocol wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Wire:
    """How a kind of provider is spoken to."""

    protocol: str
    """`openai` or `anthropic`."""
    key_header: str
    """Name of the header that carries the credential."""
    key_prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Sent unless the caller or the operator sets them."""
    caller_headers: frozenset[bytes] = frozenset()
    """Headers of the caller that travel to the upstream, lower-cased."""


_TRACE: Final = frozenset({b"traceparent", b"tracestate"})

WIRES: Final[dict[str, Wire]] = {
    "mlx": Wire("openai", "authorization", "Bearer "),
    # A provider of kind `mlx` with an address of its own is an `mlx_lm.server`.
    "mlx_server": Wire("mlx_server", "authorization", "Bearer "),
    "openai": Wire(
        "openai",
        "authorization",
        "Bearer ",
        caller_headers=_TRACE
        | {b"openai-organization", b"openai-project", b"openai-beta", b"idempotency-key"},
    ),
    "anthropic": Wire(
        "anthropic",
        "x-api-key",
        # Source: Anthropic's API reference, "Versioning"; the header is required.
        headers=(("anthropic-version", "2023-06-01"),),
        caller_headers=_TRACE | {b"anthropic-version", b"anthropic-beta"},
    ),
}

CALLER_HEADERS: Final = frozenset().union(*(wire.caller_headers for wire in WIRES.values()))
"""Every header of a caller that some kind lets through."""
