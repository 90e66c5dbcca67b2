"""Every failure of a provider in the caller's own form, whole and streamed, on every pair."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from django.test import override_settings

from inference.protocols.sse import Event, Parser
from tests.inference.tables import HEADERS
from tests.service.pairs.talk import Answer, asking
from tests.service.pairs.world import CALLERS, HTTP, PROTOCOLS, Translator, World, world
from tests.support.upstream import Json, Sse

WORDS = "what the provider said"


@dataclass(frozen=True)
class Told:
    """Status and error type for callers of the two protocols; None keeps the provider's type."""

    openai: tuple[int, str | None]
    anthropic: tuple[int, str]
    shown: bool = True
    """Whether the caller reads the provider's own words."""


TABLE = {
    400: Told((400, "invalid_request_error"), (400, "invalid_request_error")),
    401: Told((502, "api_error"), (502, "api_error"), shown=False),
    402: Told((502, "insufficient_quota"), (502, "billing_error"), shown=False),
    403: Told((502, "api_error"), (502, "api_error"), shown=False),
    404: Told((502, "api_error"), (502, "api_error")),
    413: Told((413, None), (413, "request_too_large")),
    422: Told((422, "invalid_request_error"), (422, "invalid_request_error")),
    429: Told((429, "rate_limit_error"), (429, "rate_limit_error")),
    500: Told((500, None), (500, "api_error")),
    503: Told((503, None), (503, "overloaded_error")),
    529: Told((503, None), (529, "overloaded_error")),
}


def ask(pair: Translator, *, stream: bool, model: str = "", **headers: str) -> httpx.Response:
    body = {**pair.caller.fields(asking("Hi"), model or pair.model), "stream": stream}
    url = pair.gateway.url + pair.caller.path
    return HTTP.post(url, json=body, headers={**HEADERS, **headers})


@pytest.mark.parametrize("status", TABLE)
def test_status_and_type(pair: Translator, stream: bool, status: int) -> None:
    """Mapped, in the caller's form, with a request id. An SDK is told not to try again where that
    is of no use, and else left to do what it would do without a gateway."""
    told = TABLE[status]
    pair.provider.script(pair.script.error(status, WORDS))
    answer = ask(pair, stream=stream)
    expected, kind = getattr(told, pair.caller.protocol)
    assert answer.status_code == expected
    assert answer.headers["content-type"] == "application/json"
    may_pass = status == 429 or status >= 500
    assert answer.headers.get("x-should-retry") == (None if may_pass else "false")
    assert answer.headers["x-pointsman-attempts"] == "1"
    error = answer.json()["error"]
    assert kind in (None, error["type"])
    assert (WORDS in error["message"]) is told.shown
    if pair.caller.protocol == "anthropic":
        assert answer.json()["type"] == "error"
        assert answer.json()["request_id"]
        assert answer.headers["request-id"] == answer.headers["x-request-id"]
    else:
        assert {"message", "type", "param", "code"} <= set(error)


@pytest.mark.parametrize("status", [400, 413, 422, 429, 500, 503])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_callers_own_protocol_passes_unmodified(
    everyone: World, protocol: str, stream: bool, status: int
) -> None:
    """Byte for byte, what this gateway does not know of an error included."""
    pair = everyone.pair(protocol, protocol)
    error: Any = pair.script.error(status, WORDS).body
    error["error"]["novel"] = {"deep": [1, 2.50]}
    pair.provider.script(Json(error, status))
    assert ask(pair, stream=stream).content == json.dumps(error).encode()


@pytest.mark.parametrize("status", [429, 503, 529])
def test_retry_after(pair: Translator, stream: bool, status: int) -> None:
    """In whole seconds, never fewer than the provider asked for."""
    pair.provider.script(pair.script.error(status, WORDS, **{"retry-after": "7"}))
    assert ask(pair, stream=stream).headers["retry-after"] == "7"
    pair.provider.script(pair.script.error(status, WORDS, **{"retry-after-ms": "1200"}))
    assert ask(pair, stream=stream).headers["retry-after"] == "2"
    date = formatdate(time.time() + 30, usegmt=True)
    pair.provider.script(pair.script.error(status, WORDS, **{"retry-after": date}))
    assert 25 <= int(ask(pair, stream=stream).headers["retry-after"]) <= 30


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "1e999", "Mon, 99 Foo 2026"])
def test_a_retry_after_that_makes_no_sense(everyone: World, value: str) -> None:
    """It is left out, or is the least there is; nothing breaks over it."""
    pair = everyone.pair("openai", "openai")
    pair.provider.script(pair.script.error(429, WORDS, **{"retry-after": value}))
    answer = ask(pair, stream=False)
    assert answer.status_code == 429
    assert answer.headers.get("retry-after", "1") == "1"


@pytest.mark.parametrize("status", [429, 500, 529])
def test_a_provider_without_words(pair: Translator, stream: bool, status: int) -> None:
    """A proxy's page of HTML becomes an error of the caller's form, and is not shown."""
    pair.provider.script(Json(b"<html>nginx</html>", status))
    answer = ask(pair, stream=stream)
    assert answer.status_code == getattr(TABLE[status], pair.caller.protocol)[0]
    assert "nginx" not in answer.text
    assert answer.json()["error"]["message"]
    assert answer.json()["error"]["attempts"]


def test_a_model_the_caller_named_and_nobody_has(pair: Translator, stream: bool) -> None:
    """404 as the provider said it: here the caller alone can mend the name."""
    pair.provider.script(pair.script.error(404, WORDS))
    answer = ask(pair, stream=stream, model=f"{pair.script.protocol}/no-such-model")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == WORDS


def test_a_prompt_too_long(pair: Translator, stream: bool) -> None:
    """In the words by which each protocol's agents know that they have to shorten it."""
    body = {
        "openai": {
            "error": {
                "message": "This model's maximum context length is 10 tokens.",
                "type": "invalid_request_error",
                "param": "messages",
                "code": "context_length_exceeded",
            }
        },
        "anthropic": {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 11 tokens > 10 maximum",
            },
        },
    }
    pair.provider.script(Json(body[pair.script.protocol], 400))
    answer = ask(pair, stream=stream)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["type"] == "invalid_request_error"
    if pair.caller.protocol == "anthropic":
        assert error["message"].startswith("prompt is too long")
        assert error["message"].count("prompt is too long") == 1
    else:
        assert error["code"] == "context_length_exceeded"


@pytest.mark.parametrize("where", ["before", "after"])
def test_an_error_inside_a_stream(pair: Translator, where: str) -> None:
    """Before the commit it is a plain error; after it the protocol's event, and no regular end."""
    events = pair.script.events(Answer(("Hello", " there")))
    cut = 1 if where == "before" else events.index(pair.script.text(" there"))
    pair.provider.script(Sse([*events[:cut], pair.script.error_event(WORDS)], pause=0.02))
    answer = ask(pair, stream=True)
    assert ("Hello" in answer.text) is (where == "after")
    assert "[DONE]" not in answer.text
    assert "message_stop" not in answer.text
    if where == "before":
        assert answer.status_code == 503
        assert answer.json()["error"]["message"] == WORDS
        assert answer.json()["error"]["type"] == "overloaded_error"
        return
    assert answer.status_code == 200
    event = told(answer, "responses" if pair.caller.path.endswith("/responses") else "")
    error = json.loads(event.data)
    assert error["error"]["type"] == "overloaded_error"
    assert error["error"]["message"] == WORDS
    if pair.caller.protocol == "anthropic":
        assert event.name == b"error"
        assert error["type"] == "error"


def told(answer: httpx.Response, protocol: str) -> Event:
    """The event that tells the error: the last, but for the Responses API, whose responses end."""
    *_, error, last = [one for one in Parser().feed(answer.content) if one.name != b"ping"]
    if protocol != "responses":
        return last
    assert last.name == b"response.failed"
    assert json.loads(last.data)["response"]["status"] == "failed"
    return error


@pytest.mark.parametrize(("status", "tries"), [(500, 2), (401, 1)])
def test_the_sdks_try_again_what_may_pass(
    pair: Translator, stream: bool, status: int, tries: int
) -> None:
    """The caller reads 5xx either way, which every SDK tries again unless it is told that it is of
    no use."""
    sdk = type(pair.caller)(pair.gateway.url, max_retries=1)
    pair.provider.script(pair.script.error(status, WORDS))
    with pytest.raises(sdk.errors.InternalServerError):
        sdk.create(asking("Hi"), pair.model, stream=stream)
    assert len(pair.provider.asked) == tries


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_a_failure_after_a_sign_of_life(caller: str, upstream: str) -> None:
    """The head is gone by then: the protocol's error event ends a stream that had only pings."""
    with world(heartbeat=0.05) as made:
        pair = made.pair(caller, upstream)
        error = pair.script.error(429, WORDS)
        pair.provider.script(Json(error.body, 429, delay=0.15), Json(error.body, 429, delay=0.15))
        answer = ask(pair, stream=True)
        events = pair.caller.create(asking("Hi"), pair.model, stream=True)
        with pytest.raises(pair.caller.errors.APIError, match=WORDS):
            list(events)
    assert answer.status_code == 200
    last = told(answer, caller) if caller == "responses" else Parser().feed(answer.content)[-1]
    error_object = json.loads(last.data)["error"]
    assert (error_object["type"], error_object["message"]) == ("rate_limit_error", WORDS)
    assert last.name == (b"" if caller == "openai" else b"error")
    assert "[DONE]" not in answer.text


@pytest.mark.parametrize("caller", CALLERS)
def test_a_body_over_the_limit(caller: str) -> None:
    with override_settings(MAX_BODY_BYTES=1000), world() as made:
        pair = made.pair(caller, "openai")
        body = pair.caller.fields(asking("x" * 2000), pair.model)
        answer = HTTP.post(made.gateway.url + pair.caller.path, json=body, headers=HEADERS)
    kind = {"anthropic": "request_too_large"}.get(caller, "invalid_request_error")
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == kind
    assert ("request-id" in answer.headers) is (caller == "anthropic")


def test_the_sdks_raise_their_own_errors(pair: Translator, stream: bool) -> None:
    errors = pair.caller.errors
    expected = {
        400: errors.BadRequestError,
        422: errors.UnprocessableEntityError,
        429: errors.RateLimitError,
        500: errors.InternalServerError,
    }
    for status, kind in expected.items():
        pair.provider.script(pair.script.error(status, WORDS))
        with pytest.raises(kind, match=WORDS) as raised:
            pair.caller.create(asking("Hi"), pair.model, stream=stream)
        assert raised.value.status_code == status
        assert raised.value.request_id


def test_the_sdks_raise_in_the_middle_of_a_stream(pair: Translator) -> None:
    """What has arrived stands, then the SDK raises; a connection that breaks is no short answer."""
    events = pair.script.events(Answer(("Hello", " there")))
    cut = events.index(pair.script.text(" there"))
    breaks = (
        Sse([*events[:cut], pair.script.error_event(WORDS)], pause=0.02),
        Sse(events[:cut], then="cut", pause=0.02),
        Sse(events[:cut], pause=0.02),
    )
    for broken in breaks:
        pair.provider.script(broken)
        seen: list[str] = []
        stream = pair.caller.create(asking("Hi"), pair.model, stream=True)
        with pytest.raises(pair.caller.errors.APIError):
            seen.extend(map(pair.caller.text_in, stream))
        assert "".join(seen) == "Hello"


@pytest.mark.parametrize("caller", PROTOCOLS)
def test_a_chain_that_is_used_up(everyone: World, caller: str, stream: bool) -> None:
    """The last failure with its words, mapped across protocols, and a line for every attempt."""
    everyone.fresh()
    pair = everyone.pair(caller, "anthropic")
    everyone.providers["openai"].script(everyone.pair(caller, "openai").script.error(500, "first"))
    everyone.providers["anthropic"].script(pair.script.error(529, WORDS))
    answer = ask(pair, stream=stream, model="to-openai-anthropic/light")
    error = answer.json()["error"]
    assert answer.status_code == {"openai": 503, "anthropic": 529}[caller]
    assert error["type"] == "overloaded_error"
    assert "All 2 candidates failed" in error["message"]
    assert WORDS in error["message"]
    assert len(error["attempts"]) == 2


@pytest.mark.parametrize("caller", PROTOCOLS)
def test_what_nobody_can_say_does_not_hide_what_failed(everyone: World, caller: str) -> None:
    """A field the second protocol lacks is no reason to blame the caller for the first's 500."""
    first, second = {"openai": ("openai", "anthropic"), "anthropic": ("anthropic", "openai")}[
        caller
    ]
    field: dict[str, Any] = {
        "openai": {"n": 2},
        "anthropic": {"mcp_servers": [{"type": "url", "url": "https://x.example", "name": "x"}]},
    }[caller]
    everyone.fresh()
    pair = everyone.pair(caller, first)
    pair.provider.script(pair.script.error(500, WORDS))
    body = {**pair.caller.fields(asking("Hi"), f"to-{first}-{second}/light"), **field}
    url = pair.gateway.url + pair.caller.path
    answer = HTTP.post(url, json=body, headers=HEADERS)
    assert answer.status_code == 500
    assert WORDS in answer.json()["error"]["message"]
