"""HTTP towards upstreams: the only room that does client IO."""

from inference.upstream.client import Client
from inference.upstream.destination import Destination
from inference.upstream.errors import (
    ConnectFailed,
    ConnectTimedOut,
    ProtocolViolation,
    ResponseTooLarge,
    UndecodableBody,
    UpstreamClosed,
    UpstreamError,
)
from inference.upstream.headers import header_block
from inference.upstream.proxies import Proxies
from inference.upstream.reply import Reply

__all__ = [
    "Client",
    "ConnectFailed",
    "ConnectTimedOut",
    "Destination",
    "ProtocolViolation",
    "Proxies",
    "Reply",
    "ResponseTooLarge",
    "UndecodableBody",
    "UpstreamClosed",
    "UpstreamError",
    "header_block",
]
