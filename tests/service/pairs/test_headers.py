"""Which headers travel, and that nobody's credentials do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from governance.routing.table import ProviderEntry as Row
from tests.inference.tables import KEY, chain, provider
from tests.service.pairs.talk import Answer, asking
from tests.service.pairs.world import (
    HTTP,
    PROTOCOLS,
    SCRIPTS,
    Caller,
    Provider,
    Script,
    Translator,
    World,
)
from tests.support.serving import served
from tests.support.upstream import Hang, Json, Reply, Sse

CREDENTIAL = 'sk-the-providers-own-"key"'
EXTRA = "extra-header-credential"
CALLERS = {
    "authorization": f"Bearer {KEY}",
    "x-api-key": KEY,
    "cookie": "session=callers-cookie",
    "proxy-authorization": "Basic callers-proxy",
    "x-callers-own": "callers-secret",
    "api-key": "callers-azure-key",
    "x-goog-api-key": "callers-google-key",
}
VERSIONS = {
    "anthropic-version": "2024-01-01",
    "anthropic-beta": "context-1m-2025-08-07,interleaved-thinking-2025-05-14",
    "OpenAI-Organization": "org-callers",
    "OpenAI-Project": "proj-callers",
    "OpenAI-Beta": "assistants=v2",
}


def post(url: str, caller: Caller, model: str, *, stream: bool, **headers: str) -> httpx.Response:
    body = {**caller.fields(asking("Hi"), model), "stream": stream}
    return HTTP.post(url + caller.path, json=body, headers={**CALLERS, **headers})


def test_headers_of_a_protocol_reach_who_speaks_it(pair: Translator, stream: bool) -> None:
    """The caller's version and betas, organisation and project; nothing of the other protocol."""
    pair.says(Answer(("Hi",)), stream=stream)
    answer = post(pair.gateway.url, pair.caller, pair.model, stream=stream, **VERSIONS)
    assert answer.status_code == 200
    got = pair.provider.asked[0].headers
    theirs = pair.script.protocol
    for name, value in VERSIONS.items():
        travels = name.lower().startswith(theirs)
        assert got.get(name.lower()) == (value if travels else None)


def test_anthropics_version_is_always_told(everyone: World) -> None:
    """Anthropic requires it; callers of the other protocol know nothing of it."""
    pair = everyone.pair("openai", "anthropic")
    pair.says(Answer(("Hi",)), stream=False)
    post(pair.gateway.url, pair.caller, pair.model, stream=False)
    assert pair.provider.asked[0].headers["anthropic-version"] == "2023-06-01"


def test_the_operators_header_wins(everyone: World) -> None:
    """An organisation set for the provider is not replaced by the caller's."""
    with Provider(Json(SCRIPTS["openai"].whole(Answer(("Hi",))))) as upstream:
        row = provider("one", upstream, extra_headers=(("OpenAI-Organization", "org-ours"),))
        with served(chain(row)) as gateway:
            post(gateway.url, everyone.callers["openai"], "light/light", stream=False, **VERSIONS)
    assert upstream.asked[0].headers["openai-organization"] == "org-ours"


def test_no_credential_of_a_caller_reaches_an_upstream(pair: Translator, stream: bool) -> None:
    """Neither key nor cookie nor any header nobody asked for, under whatever name."""
    pair.says(Answer(("Hi",)), stream=stream)
    post(pair.gateway.url, pair.caller, pair.model, stream=stream)
    [asked] = pair.provider.asked
    sent = repr(asked.headers) + asked.raw.decode()
    assert KEY not in sent
    assert "callers-" not in sent
    secret = f"secret-of-{pair.script.protocol}"
    expected = {"openai": ("authorization", f"Bearer {secret}"), "anthropic": ("x-api-key", secret)}
    name, value = expected[pair.script.protocol]
    assert asked.headers[name] == value


def answers(script: Script) -> Iterator[tuple[str, Reply]]:
    """Whatever a provider may do, quoting the credential it was sent wherever it can."""
    quoting = f"You sent {CREDENTIAL} and {EXTRA}."
    quoted = {"x-echo": EXTRA, "set-cookie": f"k={EXTRA}", "www-authenticate": EXTRA}
    for status in (400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503, 529):
        error = script.error(status, quoting, **quoted)
        yield f"{status}", error
        yield f"{status} of another form", Json({"detail": quoting}, status, quoted)
        yield f"{status} without JSON", Json(quoting.encode(), status, quoted)
    events = script.events(Answer(("Hello", " there")))
    cut = events.index(script.text(" there"))
    error_event = script.error_event(quoting)
    yield "200 with an error", Json(script.error(500, quoting).body, 200, quoted)
    yield "error event", Sse([events[0], error_event], headers=quoted)
    yield "error event after the commit", Sse([*events[:cut], error_event], 0.02, headers=quoted)
    yield "cut", Sse(events[:cut], 0.02, then="cut", headers=quoted)
    yield "no JSON", Sse([b"data: " + quoting.encode() + b"\n\n"], headers=quoted)
    yield "answer", Json(script.whole(Answer(("Hi",))), 200, quoted)
    yield "stream", Sse(events, headers=quoted)
    yield "never", Hang()


@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_no_credential_of_a_provider_reaches_a_caller(everyone: World, upstream: str) -> None:
    """Not in any header nor anywhere in the body of any answer or error, in either protocol."""
    script = SCRIPTS[upstream]
    more: dict[str, Any] = {
        "kind": upstream,
        "api_key": CREDENTIAL,
        "extra_headers": (("X-Gateway-Auth", EXTRA), ("X-Short", "true")),
        "first_event_timeout": 0.3,
    }
    with Provider() as target:
        row: Row = provider("one", target, **more)
        with served(chain(row)) as gateway:
            for name, reply in answers(script):
                for caller in everyone.callers.values():
                    for stream in (False, True):
                        target.script(reply)
                        answer = post(gateway.url, caller, "light/light", stream=stream)
                        shown = f"{answer.headers} {answer.text}"
                        assert target.asked[0].headers["x-gateway-auth"] == EXTRA
                        for secret in (CREDENTIAL, CREDENTIAL.replace('"', '\\"'), EXTRA):
                            assert secret not in shown, (name, caller.protocol, stream)
                        assert "x-echo" not in answer.headers
                        assert "set-cookie" not in answer.headers


def test_what_was_dropped_is_listed(everyone: World, stream: bool) -> None:
    """Hints the provider's protocol cannot express, by name, whole and streamed."""
    pair = everyone.pair("openai", "anthropic")
    pair.says(Answer(("Hi",)), stream=stream)
    body = {
        **pair.caller.fields(asking("Hi"), pair.model),
        "stream": stream,
        "seed": 7,
        "verbosity": "low",
    }
    url = pair.gateway.url + pair.caller.path
    answer = HTTP.post(url, json=body, headers=CALLERS)
    assert answer.headers["x-pointsman-dropped"] == "seed, verbosity"


def test_nothing_dropped_is_not_listed(pair: Translator, stream: bool) -> None:
    pair.says(Answer(("Hi",)), stream=stream)
    answer = post(pair.gateway.url, pair.caller, pair.model, stream=stream)
    assert "x-pointsman-dropped" not in answer.headers
    assert answer.headers["x-pointsman-provider"] == pair.script.protocol


def test_request_ids(pair: Translator, stream: bool) -> None:
    """The caller's own if it is sane, under Anthropic's name too for callers of its protocol."""
    pair.says(Answer(("Hi",)), stream=stream)
    answer = post(
        pair.gateway.url, pair.caller, pair.model, stream=stream, **{"x-request-id": "mine-1"}
    )
    assert answer.headers["x-request-id"] == "mine-1"
    expected = "mine-1" if pair.caller.protocol == "anthropic" else None
    assert answer.headers.get("request-id") == expected


@pytest.mark.parametrize("query", ["?beta=true", "?", "?a=%2F&b", "/"])
def test_query_strings_are_tolerated(pair: Translator, query: str) -> None:
    pair.says(Answer(("Hi",)), stream=False)
    body = pair.caller.fields(asking("Hi"), pair.model)
    url = pair.gateway.url + pair.caller.path + query
    assert HTTP.post(url, json=body, headers=CALLERS).status_code == 200
