"""Before the commit point every failure that another candidate may mend moves on, unseen."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.inference.tables import HEADERS, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Cut, Hang, Json, Reply, Sse, Upstream

ASK = {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}


def ask(url: str, *, stream: bool, **more: object) -> httpx.Response:
    body = {**ASK, "stream": stream, **more}
    return httpx.post(f"{url}/v1/chat/completions", json=body, headers=HEADERS, timeout=20)


@pytest.fixture
def good() -> Iterator[Upstream]:
    stream = Sse(shapes.stream("Hel", "lo"))
    with Upstream(stream) as upstream:
        yield upstream


ERROR_EVENT = shapes.data(shapes.error("overloaded"))
STARTED = shapes.stream("x")[0]

MOVES_ON: dict[str, Reply] = {
    "401": Json(shapes.error("bad key"), 401),
    "402": Json(shapes.error("pay"), 402),
    "403": Json(shapes.error("no"), 403),
    "404": Json(shapes.error("no such model"), 404),
    "408": Json(shapes.error("slow"), 408),
    "429": Json(shapes.error("busy"), 429, {"retry-after": "7"}),
    "500": Json(shapes.error("oops"), 500),
    "503": Json(b"<html>unavailable</html>", 503),
    "529": Json(shapes.error("overloaded"), 529),
    "too long": Json(shapes.error("long", "invalid_request_error", "context_length_exceeded"), 400),
    "closed without a word": Cut(),
    "never answers": Hang(),
    "200 that dies at once": Sse([], then="cut"),
    "200 that dies after the role": Sse([STARTED], then="cut"),
    "200 that stalls": Sse([STARTED], then="hang"),
    "200 that ends early": Sse([STARTED]),
    "200 with an error event": Sse([ERROR_EVENT]),
    "200 with an error after the role": Sse([STARTED, ERROR_EVENT]),
    "200 with broken JSON": Sse([b"data: {nope\n\n"]),
    "200 with only comments": Sse([b": hello\n\n"], then="hang"),
}


WHOLE = httpx.Response(200, json=shapes.completion("patience")).content


@pytest.mark.parametrize(
    "reply",
    [
        Sse([*[b" "] * 8, WHOLE], pause=0.2),
        Sse([WHOLE[at : at + 40] for at in range(0, len(WHOLE), 40)], pause=0.2),
        Sse([WHOLE], delay=1.2),
    ],
    ids=["blanks first", "in pieces", "the head long before"],
)
def test_a_whole_answer_may_take_longer_than_silence_may_last(reply: Sse) -> None:
    """Silence is what lies between two pieces; until the first one the other deadline holds."""
    with Upstream(reply) as upstream:
        with served(chain(provider("one", upstream, idle_timeout=0.8))) as gateway:
            answer = ask(gateway.url, stream=False)
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "patience"


def test_a_whole_answer_that_falls_silent_moves_on(good: Upstream) -> None:
    good.replies = [Json(shapes.completion("good"))]
    with Upstream(Sse([WHOLE[:40]], then="hang")) as bad:
        table = chain(provider("bad", bad, idle_timeout=0.3), provider("good", good))
        with served(table) as gateway:
            answer = ask(gateway.url, stream=False)
    assert answer.headers["x-pointsman-attempts"] == "2"
    assert answer.json()["choices"][0]["message"]["content"] == "good"


@pytest.mark.parametrize("reply", MOVES_ON.values(), ids=MOVES_ON.keys())
def test_a_stream_moves_on(reply: Reply, good: Upstream) -> None:
    """The client sees one clean stream of the second candidate and nothing of the first."""
    with Upstream(reply) as bad:
        table = chain(provider("bad", bad, first_event_timeout=0.3), provider("good", good))
        with served(table) as gateway:
            answer = ask(gateway.url, stream=True)
    assert answer.status_code == 200
    events = [line[6:] for line in answer.text.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    assert "".join(_texts(events)) == "Hello"
    assert "error" not in answer.text
    assert answer.headers["x-pointsman-provider"] == "good"
    assert answer.headers["x-pointsman-attempts"] == "2"
    assert answer.headers["x-pointsman-fallback"] == "target"
    assert len(bad.asked) == 1
    assert good.asked[0].body["model"] == "good-model"


WHOLE_MOVES_ON: dict[str, Reply] = {
    **{name: reply for name, reply in MOVES_ON.items() if not isinstance(reply, Sse)},
    "200 with an error": Json(shapes.error("overloaded")),
    "200 that is no JSON": Json(b"<html>login</html>"),
    "200 without choices": Json({"object": "chat.completion", "choices": []}),
    "200 that is cut": Json(b"{", headers={"x-cut": "1"}),
}


@pytest.mark.parametrize("reply", WHOLE_MOVES_ON.values(), ids=WHOLE_MOVES_ON.keys())
def test_a_whole_answer_moves_on(reply: Reply) -> None:
    """Whole answers fail over by the same rules as streams."""
    with Upstream(reply) as bad, Upstream(Json(shapes.completion("Hello"))) as good:
        table = chain(provider("bad", bad, first_event_timeout=0.3), provider("good", good))
        with served(table) as gateway:
            answer = ask(gateway.url, stream=False)
    assert answer.status_code == 200
    assert answer.json() == shapes.completion("Hello")
    assert answer.headers["x-pointsman-provider"] == "good"


def test_a_refused_connection_moves_on(good: Upstream) -> None:
    """Nobody listens at the first provider's address."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    table = chain(provider("bad", f"http://127.0.0.1:{port}/v1"), provider("good", good))
    with served(table) as gateway:
        answer = ask(gateway.url, stream=True)
    assert answer.headers["x-pointsman-provider"] == "good"


@pytest.mark.parametrize("status", [400, 405, 409, 413, 415, 422])
@pytest.mark.parametrize("stream", [True, False])
def test_the_callers_own_fault_comes_back_as_it_is(
    status: int, stream: bool, good: Upstream
) -> None:
    """No failover for what is wrong with the request; the upstream's body is not changed."""
    body = shapes.error("temperature must be below 2", "invalid_request_error")
    with Upstream(Json(body, status)) as bad:
        with served(chain(provider("bad", bad), provider("good", good))) as gateway:
            answer = ask(gateway.url, stream=stream)
    assert (answer.status_code, answer.json()) == (status, body)
    assert not good.asked


AFTER_COMMIT: dict[str, Reply] = {
    "cut": Sse(shapes.stream("Hel", "lo")[:2], then="cut"),
    "silence": Sse(shapes.stream("Hel", "lo")[:2], then="hang"),
    "early end": Sse(shapes.stream("Hel", "lo")[:2]),
    "error event": Sse([*shapes.stream("Hel")[:2], ERROR_EVENT], pause=0.05),
    "broken JSON": Sse([*shapes.stream("Hel")[:2], b"data: {nope\n\n"], pause=0.05),
}


@pytest.mark.parametrize("reply", AFTER_COMMIT.values(), ids=AFTER_COMMIT.keys())
def test_a_committed_stream_that_breaks_ends_in_an_error_event(
    reply: Reply, good: Upstream
) -> None:
    """What was sent stands, an error event follows, `[DONE]` does not, nothing is replayed, where
    the profile wants broken streams to end so."""
    with Upstream(reply) as bad:
        table = chain(
            provider("bad", bad, idle_timeout=0.4),
            provider("good", good),
            on_broken_stream="error",
        )
        with served(table) as gateway:
            answer = ask(gateway.url, stream=True)
    events = [line[6:] for line in answer.text.split("\n\n") if line]
    assert answer.status_code == 200
    assert "".join(_texts(events[:-1])) == "Hel"
    assert httpx.Response(200, text=events[-1]).json()["error"]["message"]
    assert "[DONE]" not in answer.text
    assert not good.asked


@pytest.mark.parametrize("stream", [True, False])
def test_a_used_up_chain_lists_its_attempts(stream: bool) -> None:
    """The last failure, what was tried, and a word to SDKs not to multiply the tries."""
    with (
        Upstream(Json(shapes.error("a"), 500)) as one,
        Upstream(Json(shapes.error("b"), 503, {"retry-after": "9"})) as two,
        served(chain(provider("one", one), provider("two", two))) as gateway,
    ):
        answer = ask(gateway.url, stream=stream)
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert [attempt.split(":")[0] for attempt in error["attempts"]] == [
        "one/one-model",
        "two/two-model",
    ]
    assert "x-should-retry" not in answer.headers, "what failed may pass"
    assert answer.headers["retry-after"] == "9"
    assert answer.headers["x-pointsman-attempts"] == "2"


def test_a_refused_credential_is_not_blamed_on_the_caller() -> None:
    """A 401 of the provider concerns the gateway's key; its text may echo that key."""
    with Upstream(Json(shapes.error("Incorrect API key: secret-of-one"), 401)) as one:
        with served(chain(provider("one", one))) as gateway:
            answer = ask(gateway.url, stream=False)
    assert answer.status_code == 502
    assert "secret" not in answer.text


def _texts(events: list[str]) -> Iterator[str]:
    for event in events:
        if event == "[DONE]":
            continue
        for choice in httpx.Response(200, text=event).json()["choices"]:
            yield choice["delta"].get("content") or ""
