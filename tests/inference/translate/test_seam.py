"""A stream that breaks at any byte and is continued: never a word twice, and never one missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.protocols.sse import Parser
from inference.translate.continuation import Continuation
from inference.translate.seam import SURELY_AGAIN, Prefilled, Repeated
from inference.translate.sent_stream import ContinuableCaller
from inference.values.parsed_request import ParsedRequest
from tests.service.pairs.talk import Answer, Tokens
from tests.service.pairs.world import SCRIPTS

CALLERS = {"openai": "chat", "anthropic": "messages", "responses": "responses"}
TEXT = "Ünïcode wörds, come\nin pieces, each one once: six \U0001f600 seven eight. "
PIECES = tuple(TEXT[at : at + 5] for at in range(0, len(TEXT), 5))
WHOLE = Answer(PIECES, tokens=Tokens(9, 12))
NOTE = b": x-pointsman-continued: two/model\n\n"
STOPS = {"openai": "stop", "anthropic": "stop_sequences"}


def request_of(caller: str, **fields: Any) -> ParsedRequest:
    body = {"model": "light/light", "stream": True, "max_tokens": 100, **fields}
    if caller == "responses":
        body = {"model": "light/light", "stream": True, "input": "Say it.", **fields}
    else:
        body["messages"] = [{"role": "user", "content": "Say it."}]
    if caller == "openai":
        body["stream_options"] = {"include_usage": True}
    return BY_REQUEST_TYPE[CALLERS[caller]].parse(json.dumps(body).encode(), {})


def caller_of(name: str) -> ContinuableCaller:
    caller = BY_REQUEST_TYPE[CALLERS[name]].caller
    assert isinstance(caller, ContinuableCaller)
    return caller


@dataclass
class Got:
    """A stream as its caller reads it."""

    text: str = ""
    ids: frozenset[str] = frozenset()
    ends: int = 0
    finishes: int = 0
    tokens: int = 0


def read(caller: str, said: bytes) -> Got:
    events = Parser().feed(said)
    got = Got(ends=sum(b"[DONE]" in event.data for event in events))
    for event in (json.loads(one.data) for one in events if b"[DONE]" not in one.data):
        _READ[caller](got, event)
    return got


def _chat(got: Got, event: dict[str, Any]) -> None:
    got.ids |= {event["id"]}
    got.tokens += (event.get("usage") or {}).get("completion_tokens", 0)
    for choice in event["choices"]:
        got.text += choice["delta"].get("content") or ""
        got.finishes += choice["finish_reason"] is not None


def _messages(got: Got, event: dict[str, Any]) -> None:
    if event["type"] == "message_start":
        got.ids |= {event["message"]["id"]}
    elif event["type"] == "content_block_delta":
        got.text += event["delta"]["text"]
    elif event["type"] == "message_delta":
        got.finishes += 1
        got.tokens += event["usage"]["output_tokens"]
    got.ends += event["type"] == "message_stop"


def _responses(got: Got, event: dict[str, Any]) -> None:
    if event["type"] == "response.output_text.delta":
        got.text += event["delta"]
    if "response" in event:
        got.ids |= {event["response"]["id"]}
    if event["type"] == "response.completed":
        got.ends += 1
        got.finishes += 1
        got.tokens += (event["response"]["usage"] or {}).get("output_tokens", 0)
        [item] = event["response"]["output"]
        assert item["content"][0]["text"] == got.text, "the whole is what its pieces were"


_READ = {"openai": _chat, "anthropic": _messages, "responses": _responses}


def broken_at_every_byte(caller: str, upstream: str) -> Iterator[tuple[bytes, bool]]:
    """What the caller was sent of a stream cut at each byte, and whether that is all."""
    request = request_of(caller)
    translator = BY_REQUEST_TYPE[CALLERS[caller]].translator(upstream)
    stream = b"".join(SCRIPTS[upstream].events(WHOLE))
    feeding = translator.stream(request)
    sent, known = b"", -1
    for at in range(len(stream)):
        sent += feeding.feed(stream[at : at + 1])
        # Between two events a cut changes nothing but what is held back.
        if not feeding.committed or (len(sent) == known and at % 5):
            continue
        known = len(sent)
        again = translator.stream(request)
        told = again.feed(stream[: at + 1])
        owed = again.cut()
        assert len(told) == len(sent), "a cut does not depend on how the bytes came"
        yield told + (owed or b""), owed is not None or again.finished


def go_on(caller: str, sent: bytes, upstream: str, answer: Answer, *, prefill: bool) -> Any:
    """What follows, and why it ended early."""
    request, half = request_of(caller), caller_of(caller)
    reading = half.sent(request)
    assert reading is not None
    reading.feed(sent)
    assert reading.plain
    continuation = Continuation(half, request, reading, None)
    stream = continuation.stream(upstream, continuation.writer(prefill=prefill), NOTE)
    assert stream is not None
    out = b"".join(stream.feed(event) for event in SCRIPTS[upstream].events(answer))
    out += b"" if stream.finished or stream.failure else stream.end()
    return out, stream


@pytest.mark.parametrize("second", SCRIPTS)
@pytest.mark.parametrize("first", SCRIPTS)
@pytest.mark.parametrize("caller", CALLERS)
def test_cut_at_every_byte(caller: str, first: str, second: str) -> None:
    """Continued by an answer that is equal, that is equal as far as it goes, or another one."""
    seen: set[int] = set()
    for sent, complete in broken_at_every_byte(caller, first):
        if len(sent) in seen:
            continue
        seen.add(len(sent))
        before = read(caller, sent)
        assert TEXT.startswith(before.text)
        if complete:
            assert (before.text, before.ends, before.finishes) == (TEXT, 1, 1)
            continue
        assert not before.ends
        _by_repeating(caller, sent, before, second)
        _by_prefill(caller, sent, before, second)
    assert len(seen) > len(PIECES)


def _by_repeating(caller: str, sent: bytes, before: Got, second: str) -> None:
    out, stream = go_on(caller, sent, second, WHOLE, prefill=False)
    got = read(caller, sent + out)
    assert (got.text, got.ends, got.finishes, len(got.ids)) == (TEXT, 1, 1, 1)
    assert got.tokens == 12
    assert out.endswith(NOTE)
    # Equal for half of it, then another one.
    half = TEXT[: len(TEXT) // 2]
    other = f"{half}Something else."
    out, stream = go_on(caller, sent, second, replace(WHOLE, texts=(other,)), prefill=False)
    got = read(caller, sent + out)
    if len(before.text) <= len(half):
        assert (got.text, got.ends) == (other, 1)
    else:
        assert (got.text, got.ends) == (before.text, 0)
        assert stream.failure.code == "continuation_differs"
    # Another one from the start, and one that stops before what was sent ends.
    for short in ("Something else.", TEXT[: len(before.text) - 1] or "Else."):
        out, stream = go_on(caller, sent, second, replace(WHOLE, texts=(short,)), prefill=False)
        assert out == b""
        assert stream.failure.code == "continuation_differs"


def _by_prefill(caller: str, sent: bytes, before: Got, second: str) -> None:
    rest = TEXT[len(before.text.rstrip()) :]
    for said in (rest, TEXT) if len(before.text) >= SURELY_AGAIN else (rest,):
        pieces = tuple(said[at : at + 3] for at in range(0, len(said), 3)) or ("",)
        out, _ = go_on(caller, sent, second, replace(WHOLE, texts=pieces), prefill=True)
        got = read(caller, sent + out)
        assert (got.text, got.ends, got.finishes, len(got.ids)) == (TEXT, 1, 1, 1)


@pytest.mark.parametrize("caller", STOPS)
def test_a_stop_string_is_met_across_the_seam(caller: str) -> None:
    """Part of it was sent, the rest comes from another target, which cannot know."""
    sent = b"".join(SCRIPTS[caller].events(replace(WHOLE, texts=("One two STO",)))[:-3])
    stops = {STOPS[caller]: ["STOP"]}
    request, half = request_of(caller, **stops), caller_of(caller)
    reading = half.sent(request)
    assert reading is not None
    reading.feed(sent)
    continuation = Continuation(half, request, reading, None)
    stream = continuation.stream(caller, continuation.writer(prefill=True), NOTE)
    assert stream is not None
    events = SCRIPTS[caller].events(
        replace(
            WHOLE,
            texts=(
                "P and",
                " more",
            ),
        )
    )
    out = b"".join(map(stream.feed, events))
    got = read(caller, sent + out)
    assert (got.text, got.ends, got.finishes) == ("One two STO", 1, 1)
    assert stream.finished


@pytest.mark.parametrize("caller", CALLERS)
def test_only_plain_text_is_continued(caller: str) -> None:
    """No call, no thought, and nothing that has ended."""
    half, request = caller_of(caller), request_of(caller)
    translator = BY_REQUEST_TYPE[CALLERS[caller]].translator("anthropic")
    for events in (
        [*SCRIPTS["anthropic"].opening(), *SCRIPTS["anthropic"].call("call_1", "add")[1:]],
        SCRIPTS["anthropic"].events(replace(WHOLE, thoughts=("Hm",)))[:4],
        SCRIPTS["anthropic"].events(WHOLE),
    ):
        reading = half.sent(request)
        assert reading is not None
        reading.feed(translator.stream(request).feed(b"".join(events)))
        assert not reading.plain


def test_what_forbids_it() -> None:
    for caller, fields in (
        ("openai", {"n": 2}),
        ("openai", {"logprobs": True}),
        ("openai", {"response_format": {"type": "json_object"}}),
        ("responses", {"text": {"format": {"type": "json_object"}}}),
        ("anthropic", {"output_config": {"format": {"type": "json_schema", "schema": {}}}}),
    ):
        assert caller_of(caller).sent(request_of(caller, **fields)) is None


def test_a_beginning_is_shown_in_the_callers_words() -> None:
    """As the assistant's last message, with what was said taken off the limit."""
    for caller, place, limit in (
        ("openai", "messages", "max_tokens"),
        ("anthropic", "messages", "max_tokens"),
        ("responses", "input", "max_output_tokens"),
    ):
        request = request_of(caller, **{limit: 100})
        begun = caller_of(caller).prefilled(request, "x" * 40)
        assert begun is not None
        body = json.loads(begun.body)
        assert body[place][-1] == {"role": "assistant", "content": "x" * 40}
        assert body[place][0]["content"] == "Say it."
        assert body[limit] == 90
        assert caller_of(caller).prefilled(begun, "y") is None


def test_white_space_at_the_seam_comes_once() -> None:
    """It was not shown to the upstream, which may say it or not."""
    for said in (" \nmore", "more", " more"):
        new = Prefilled("Hello. \n")
        assert new.feed(said) == "more"
    assert Prefilled("Hello.").feed(" more") == " more"


def test_a_short_beginning_may_be_said_twice_on_purpose() -> None:
    assert Prefilled("ha ").feed("ha ha") == "ha ha"
    new = Repeated("abc")
    assert [new.feed(piece) for piece in ("a", "bcd", "e")] == ["", "d", "e"]
    assert not new.differs
