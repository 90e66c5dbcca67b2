"""From a destination to an open connection: Unix sockets, TCP, TLS, proxies."""

import asyncio
import ssl

from inference.upstream.connection import Connection
from inference.upstream.destination_guard import refuse_forbidden
from inference.upstream.errors import ConnectFailed, reason_of
from inference.upstream.proxies import Proxy
from inference.upstream.sockets import connect_tcp, connect_unix
from inference.upstream.tls import default_ssl_context
from inference.upstream.tunnel import TunnelProtocol, open_tunnel


async def dial(
    loop: asyncio.AbstractEventLoop,
    connection: Connection,
    proxy: Proxy | None,
    ssl_context: ssl.SSLContext | None,
) -> None:
    """Connect `connection` to its destination. Raises ConnectFailed with a sentence."""
    destination = connection.destination
    try:
        if destination.uds is not None:
            sock = await connect_unix(destination.uds)
            await loop.create_unix_connection(lambda: connection, sock=sock)
        elif proxy is None:
            await _direct(loop, connection, ssl_context)
        else:
            # The proxy resolves the name, so only what the URL says can be checked.
            refuse_forbidden(destination.host, destination.host)
            if destination.scheme == "https":
                await _through_tunnel(loop, connection, proxy, ssl_context)
            else:
                await _through_proxy(loop, connection, proxy, ssl_context)
    except ssl.SSLCertVerificationError as error:
        cause = reason_of(error)
        message = f"The certificate of {destination} is not valid: {cause}."
        raise ConnectFailed(message, cause=cause) from error
    except OSError as error:
        cause = reason_of(error)
        raise ConnectFailed(f"Could not connect to {destination}: {cause}.", cause=cause) from error


async def _direct(
    loop: asyncio.AbstractEventLoop, connection: Connection, context: ssl.SSLContext | None
) -> None:
    destination = connection.destination
    sock = await connect_tcp(loop, destination.host, destination.port, guard=True)
    if destination.scheme == "https":
        await loop.create_connection(
            lambda: connection,
            sock=sock,
            ssl=context or default_ssl_context(),
            server_hostname=destination.host.rstrip("."),
        )
    else:
        await loop.create_connection(lambda: connection, sock=sock)


async def _through_proxy(
    loop: asyncio.AbstractEventLoop,
    connection: Connection,
    proxy: Proxy,
    context: ssl.SSLContext | None,
) -> None:
    connection.target_prefix = b"http://" + connection.destination.host_header
    if proxy.authorization:
        connection.proxy_headers = b"proxy-authorization: %b\r\n" % proxy.authorization
    await _to_proxy(loop, connection, proxy, context)


async def _through_tunnel(
    loop: asyncio.AbstractEventLoop,
    connection: Connection,
    proxy: Proxy,
    context: ssl.SSLContext | None,
) -> None:
    target = connection.destination
    transport = await _to_proxy(loop, TunnelProtocol(loop), proxy, context)
    try:
        await open_tunnel(loop, transport, target, proxy)
        secured = await loop.start_tls(
            transport,
            connection,
            context or default_ssl_context(),
            server_hostname=target.host.rstrip("."),
        )
    except BaseException:
        transport.abort()
        raise
    if secured is None:
        message = f"{target} closed the connection while TLS was set up."
        raise ConnectFailed(message, cause="closed while TLS was set up")
    connection.connection_made(secured)


async def _to_proxy(
    loop: asyncio.AbstractEventLoop,
    protocol: asyncio.Protocol,
    proxy: Proxy,
    context: ssl.SSLContext | None,
) -> asyncio.Transport:
    destination = proxy.destination
    sock = await connect_tcp(loop, destination.host, destination.port, guard=False)
    secure = destination.scheme == "https"
    transport, _ = await loop.create_connection(
        lambda: protocol,
        sock=sock,
        ssl=(context or default_ssl_context()) if secure else None,
        server_hostname=destination.host.rstrip(".") if secure else None,
    )
    return transport
