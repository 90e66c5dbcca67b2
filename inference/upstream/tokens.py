"""Access tokens of providers whose kind asks for one: fetched once, kept, renewed in good time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused, TokenReply
from governance.kinds.kind import ProviderKind
from inference.upstream.client import Client
from inference.upstream.destination import Destination
from inference.upstream.errors import UpstreamError
from inference.upstream.headers import header_block
from inference.upstream.per_loop import PerLoop
from inference.upstream.shared import client_of

log = structlog.get_logger("pointsman.tokens")

EARLY: Final = 300.0
"""Seconds before its end at which a token is renewed beside the requests that still use it; a
token that lives for a shorter time is renewed at half of its life."""
PATIENCE: Final = 15.0
"""Seconds a token endpoint may take."""
REPLY_LIMIT: Final = 1024 * 1024
"""Bytes of its answer."""

Key = tuple[str, Credentials]
"""Kind and credentials: providers that share both share a token."""


class TokenUnavailable(UpstreamError):
    """There is no token to send the request with."""


class TokenCache:
    """The tokens of one event loop. A token is fetched by one flight at a time, however many wait.

    A request pays for a fetch only when there is no token that still holds; otherwise the renewal
    goes on beside it.
    """

    def __init__(self, client: Client, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock
        self._held: dict[Key, tuple[Token, float]] = {}
        """Tokens and the times from which they are renewed."""
        self._flights: dict[Key, asyncio.Task[Token]] = {}

    async def token(self, kind: ProviderKind, credentials: Credentials) -> Token | None:
        """A token that holds now; None where the kind takes none. Raises `TokenUnavailable`."""
        key, now = (kind.name, credentials), self._clock()
        held = self._held.get(key)
        if held is not None and now < held[1]:
            return held[0]
        try:
            request = kind.auth.token_request(credentials, now)
        except TokenRefused as error:
            raise TokenUnavailable(str(error)) from None
        if request is None:
            return None
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self._fetch(key, kind, request))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        if held is not None and now < held[0].expires_at:
            return held[0]
        # The caller of one request may leave; the others still wait for the same token.
        return await asyncio.shield(flight)

    async def _fetch(self, key: Key, kind: ProviderKind, request: SignableRequest) -> Token:
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await send_value(self._client, request)
            began = self._clock()
            token = kind.auth.token_of(reply, began)
        except TokenRefused as error:
            raise TokenUnavailable(str(error)) from None
        except (TimeoutError, UpstreamError):
            message = "The provider's token endpoint did not answer as it should."
            raise TokenUnavailable(message) from None
        life = token.expires_at - began
        self._held[key] = token, token.expires_at - min(EARLY, life / 2)
        return token

    def _landed(self, key: Key, flight: asyncio.Task[Token]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled() and (error := flight.exception()) is not None:
            log.warning("token_not_fetched", kind=key[0], error=str(error))


async def send_value(client: Client, request: SignableRequest) -> TokenReply:
    """Sends a request that is a value and reads its answer. Raises `UpstreamError`."""
    base, _, query = request.url.partition("?")
    try:
        destination, path = Destination.parse(base)
    except ValueError as error:
        raise TokenUnavailable(str(error)) from None
    target = (path or "/") + (f"?{query}" if query else "")
    reply = await client.send(
        destination,
        request.method.encode(),
        target.encode(),
        header_block([(name.encode(), value.encode()) for name, value in request.headers]),
        request.body,
        connect_timeout=PATIENCE,
    )
    return TokenReply(reply.status, await reply.read_all(REPLY_LIMIT))


tokens_of: Final = PerLoop(lambda loop: TokenCache(client_of(loop)))
"""The cache of an event loop."""
