"""Ready blocks of header lines, checked once when configuration is compiled."""

import re
from collections.abc import Iterable

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")  # RFC 9110, section 5.6.2
_FORBIDDEN_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5
# The client writes these itself; a second one would let a request be read in two ways.
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})


def header_block(
    items: Iterable[tuple[bytes | str, bytes | str]], *, accept_encoding: bytes | None = b"identity"
) -> bytes:
    """Join header fields to the block `Client.send` takes.

    Bodies are passed on as they come, so `accept-encoding: identity` is added unless the items
    have their own or `accept_encoding` is None. Raises ValueError for a name or value that HTTP
    does not allow and for fields that frame the message, which the client writes itself.
    """
    lines = []
    for raw_name, raw_value in items:
        name = _bytes(raw_name).lower()
        value = _bytes(raw_value).strip(b" \t")
        if _TOKEN.match(name) is None:
            raise ValueError(f"{raw_name!r} is not a header name.")
        if name in _FRAMING:
            raise ValueError(f"The header {name.decode()} is set by the client itself.")
        if _FORBIDDEN_IN_VALUE.search(value) is not None:
            raise ValueError(f"The value of the header {name.decode()} has a control character.")
        if name == b"accept-encoding":
            accept_encoding = None
        lines.append(b"%b: %b\r\n" % (name, value))
    if accept_encoding is not None:
        lines.append(b"accept-encoding: %b\r\n" % accept_encoding)
    return b"".join(lines)


def _bytes(text: bytes | str) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else text
