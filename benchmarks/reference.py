"""The reference: a bare ASGI relay that forwards with aiohttp and does nothing else."""

import os

import aiohttp

UPSTREAM = os.environ["REFERENCE_UPSTREAM"]
session: aiohttp.ClientSession


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    headers = {"content-type": "application/json", "authorization": "Bearer secret"}
    async with session.post(UPSTREAM + scope["path"], data=body, headers=headers) as reply:
        kept = [(k.lower(), v) for k, v in reply.raw_headers if k.lower() != b"transfer-encoding"]
        await send({"type": "http.response.start", "status": reply.status, "headers": kept})
        async for chunk in reply.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def lifespan(receive, send):
    global session
    await receive()
    connector = aiohttp.TCPConnector(limit=0)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await session.close()
    await send({"type": "lifespan.shutdown.complete"})
