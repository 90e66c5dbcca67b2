"""HTTP towards upstreams: the only room that does client IO."""

from .client import Client
from .destination import Destination
from .errors import (
    ConnectFailed,
    ConnectTimedOut,
    ProtocolViolation,
    ResponseTooLarge,
    UpstreamClosed,
    UpstreamError,
)
from .headers import header_block
from .proxies import Proxies
from .reply import Reply

__all__ = [
    "Client",
    "ConnectFailed",
    "ConnectTimedOut",
    "Destination",
    "ProtocolViolation",
    "Proxies",
    "Reply",
    "ResponseTooLarge",
    "UpstreamClosed",
    "UpstreamError",
    "header_block",
]
