"""HTTP towards upstreams: the only room that does client IO.

What stands here is its face. Beside it, `backend`, `provider_request` and `tokens` know providers,
and `outbox` serves the server as well; nothing else is imported from outside.
"""

from inference.upstream.blocking import exchange
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
from inference.upstream.per_loop import PerLoop
from inference.upstream.proxies import Proxies
from inference.upstream.reply import Reply
from inference.upstream.shared import client_of, close_client
from inference.upstream.streamed_body import StreamedBody

__all__ = [
    "Client",
    "ConnectFailed",
    "ConnectTimedOut",
    "Destination",
    "PerLoop",
    "ProtocolViolation",
    "Proxies",
    "Reply",
    "ResponseTooLarge",
    "StreamedBody",
    "UndecodableBody",
    "UpstreamClosed",
    "UpstreamError",
    "client_of",
    "close_client",
    "exchange",
    "header_block",
]
