"""Rules about response messages that the parser leaves to its user."""

from collections.abc import Sequence
from typing import Final

from httptools import HttpParserUpgrade

from inference.upstream.errors import ProtocolViolation

#: Bytes of a response head, informational responses before it included.
MAX_HEAD: Final = 64 * 1024

_Headers = Sequence[tuple[bytes, bytes]]


def oversized(headers: _Headers) -> bool:
    """Whether a head that arrived in one piece is beyond the limit."""
    return sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEAD


def ends_with_connection(headers: _Headers) -> bool:
    """Whether closing is how this body ends (RFC 9112, section 6.3, rules 4 and 8)."""
    fields = dict(headers)
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        return coding.rpartition(b",")[2].strip().lower() != b"chunked"
    return b"content-length" not in fields


def violation(error: Exception) -> ProtocolViolation:
    """What the parser's error, or the one a callback raised inside it, means to the caller."""
    cause = error.__context__
    if isinstance(cause, ProtocolViolation):
        return cause
    if isinstance(error, HttpParserUpgrade):
        return ProtocolViolation("The upstream switched protocols without being asked to.")
    return ProtocolViolation(f"The response is not valid HTTP: {error}.", cause="not valid HTTP")
