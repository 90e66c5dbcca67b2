"""The official SDKs, with a translation and a scripted upstream where their network would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import msgspec
import openai

from inference.endpoints import chat, messages, responses
from inference.endpoints.registry import translator_for
from inference.translate.base import Translator

Script = Callable[[dict[str, Any]], bytes]
"""The upstream: what it answers to a request's body."""

_READERS = {
    "/v1/chat/completions": ("chat", chat.parse),
    "/v1/messages": ("messages", messages.parse),
    "/v1/responses": ("responses", responses.parse),
}


class Gateway(httpx2.BaseTransport):
    """Reads the SDK's request, translates it for the script, and its answer for the SDK."""

    def __init__(self, upstream: str, script: Script) -> None:
        self._upstream = upstream
        self._script = script
        self.dropped: list[tuple[str, ...]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request_type, read = _READERS[request.url.path]
        pair = translator_for(request_type, self._upstream)
        inbound = read(request.read(), {})
        outbound = pair.request(inbound, "real-model")
        self.dropped.append(outbound.dropped)
        body = self._script(msgspec.json.decode(outbound.body))
        if inbound.routing_request.stream:
            stream = b"".join(_relayed(pair, inbound, body))
            return httpx2.Response(
                200, headers={"content-type": "text/event-stream"}, content=stream
            )
        answer = pair.answer(inbound, body)
        assert answer.failure is None
        headers = {"content-type": "application/json"}
        return httpx2.Response(200, headers=headers, content=answer.body)


def _relayed(pair: Translator, inbound: Any, body: bytes) -> Iterator[bytes]:
    """In pieces of an odd size, as a network might cut them."""
    relay = pair.stream(inbound)
    for at in range(0, len(body), 97):
        yield relay.feed(body[at : at + 97])
    yield relay.end()
    assert relay.failure is None
    assert relay.committed
    assert relay.finished


def openai_client(upstream: str, script: Script) -> openai.OpenAI:
    http = httpx2.Client(transport=Gateway(upstream, script))
    return openai.OpenAI(api_key="k", base_url="http://gateway/v1", http_client=http)


def anthropic_client(upstream: str, script: Script) -> anthropic.Anthropic:
    http = httpx2.Client(transport=Gateway(upstream, script))
    return anthropic.Anthropic(api_key="k", base_url="http://gateway", http_client=http)
