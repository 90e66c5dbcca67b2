"""What is fuzzed: bytes from callers and from providers. A target raises what is a bug.

The first two bytes of an input choose an endpoint and the protocol of a provider, the rest is what
the one or the other sends.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.registry import ENDPOINTS
from inference.translate.base import Inexpressible, Translator
from inference.translate.registry import protocols
from inference.values.parsed_request import BadRequest, ParsedRequest
from tests.inference.translate.support import chat_ask, messages_ask, responses_ask

_FORM: Final = {b"content-type": b"multipart/form-data; boundary=b"}
PROTOCOLS: Final = sorted(protocols())
ASKS: Final[dict[str, Callable[..., ParsedRequest]]] = {
    "chat": chat_ask,
    "messages": messages_ask,
    "responses": responses_ask,
}


def requests(data: bytes) -> None:
    """A caller's body: read or refused, translated or inexpressible."""
    if len(data) < 2:
        return
    endpoint = ENDPOINTS[data[0] % len(ENDPOINTS)]
    translator = _translator(endpoint, data[1])
    with suppress(BadRequest, Inexpressible):
        parsed = endpoint.read(data[2:], _FORM if endpoint.form else {})
        if translator is not None:
            translator.request(parsed, "m")


def answers(data: bytes) -> None:
    """A provider's whole answer: understood or a failure, never both, for a stream too."""
    if len(data) < 2:
        return
    ask, translator = _pair(data)
    if translator is None:
        return
    answer = translator.answer(ask(), data[2:])
    assert bool(answer.body) is (answer.failure is None)
    _play(translator, ask(stream=True), data[2:])


def streams(data: bytes) -> None:
    """A provider's stream, cut in two: it ends or has failed, however it is cut."""
    if len(data) < 3:
        return
    ask, translator = _pair(data)
    if translator is not None:
        at = data[2] * len(data) // 256
        _play(translator, ask(stream=True), data[3:at], data[max(3, at) :])


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "requests": requests,
    "answers": answers,
    "streams": streams,
}


def seeds(target: str) -> list[bytes]:
    """What a run begins with: one good example of everything."""
    from tests.inference.translate import test_nothing_breaks_it as known

    kinds = [one.request_type for one in ENDPOINTS]
    found = []
    for number, protocol in enumerate(PROTOCOLS):
        dialect = "anthropic" if "anthropic" in protocol or "messages" in protocol else "openai"
        if target == "requests":
            for kind, (_, valid) in known.REQUESTS.items():
                body = msgspec.json.encode({"model": "m", **valid})
                found.append(bytes([kinds.index(kind), number]) + body)
            continue
        for caller in range(len(ASKS)):
            head = bytes([caller, number])
            if target == "answers":
                found.append(head + msgspec.json.encode(known.WHOLES[dialect]))
            else:
                stream = known.framed(dialect, known.STREAMS[dialect])
                found.append(head + b"\x80" + stream)
    # And what is not UTF-8, in the middle of a text.
    return found + [one.replace(b"Hi", b"H\x98i") for one in found if b"Hi" in one]


def _translator(endpoint: Endpoint, number: int) -> Translator | None:
    try:
        return endpoint.translator(PROTOCOLS[number % len(PROTOCOLS)])
    except LookupError:
        return None


def _pair(data: bytes) -> tuple[Callable[..., ParsedRequest], Any]:
    kind = list(ASKS)[data[0] % len(ASKS)]
    endpoint = next(one for one in ENDPOINTS if one.request_type == kind)
    return ASKS[kind], _translator(endpoint, data[1])


def _play(translator: Translator, asked: ParsedRequest, *pieces: bytes) -> None:
    relay = translator.stream(asked)
    for piece in pieces:
        relay.feed(piece)
    relay.end()
    assert relay.finished is (relay.failure is None)
