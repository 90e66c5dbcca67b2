"""Cloud routing off: no byte leaves the machine. On: cloud first, local when the cloud fails."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from structlog.testing import capture_logs

from governance.routing.compile import compile_table
from governance.routing.table import ProviderEntry, RoutingTable, Target, VirtualKey
from inference.dispatch.health import HealthBook
from inference.edge.authentication import authenticate_caller
from inference.edge.inference_consumer import InferenceConsumer
from inference.endpoints.registry import ENDPOINTS
from tests.governance.routing.build import compile_regex, profile
from tests.governance.routing.strategies import tables
from tests.inference.tables import HEADERS, KEY, provider, rebuilt, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Cut, Json, Reply, Sse, Upstream

ASK: dict[str, Any] = {"model": "light/light", "messages": [{"role": "user", "content": "hi"}]}
LOCAL = Sse(shapes.stream("local"))


def table(
    cloud: Upstream | str,
    local: Upstream | str,
    *,
    enabled: bool,
    installation: str = "always",
    key: dict[str, Any] | None = None,
    **more: Any,
) -> RoutingTable:
    """One profile whose only target is a cloud, and a default local backend beside it."""
    return compile_table(
        providers=[
            provider("cloud", cloud, is_local=False),
            provider("local", local, default_model="tiny", is_default=True),
        ],
        profiles=[profile(Target(provider="cloud", model="big"), **more)],
        virtual_keys=virtual_keys(**(key or {})),
        cloud_enabled=enabled,
        local_fallback=installation,
        compile_regex=compile_regex,
    )


def ask(url: str, **more: Any) -> httpx.Response:
    body = {**ASK, "stream": True, **more}
    return httpx.post(f"{url}/v1/chat/completions", json=body, headers=HEADERS, timeout=20)


# --- nothing leaves the machine ------------------------------------------------------------------

LEFT: list[tuple[str, Any]] = []
_listening = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listening:
        return
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost"):
        LEFT.append((event, arguments[0]))
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if not host.startswith("127.") and host != "::1":
            LEFT.append((event, host))


sys.addaudithook(_hook)


@contextmanager
def watched() -> Iterator[list[tuple[str, Any]]]:
    """Collects every look-up and every connection that is not for this machine."""
    global _listening
    LEFT.clear()
    _listening = True
    try:
        yield LEFT
    finally:
        _listening = False


async def chat(routing: RoutingTable, body: dict[str, Any]) -> int:
    """One request through the consumer, on plain asyncio, whose every connect is audited."""
    sent: list[Any] = []
    requests = [{"type": "http.request", "body": msgspec.json.encode(body)}]

    async def receive() -> Any:
        return requests.pop() if requests else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    rng = random.Random(1)
    app = InferenceConsumer.as_asgi(
        endpoint=ENDPOINTS[0],
        table=lambda: routing,
        authenticate=authenticate_caller,
        book=HealthBook(rng=rng),
        rng=rng,
    )
    headers = [(b"authorization", b"Bearer " + KEY.encode())]
    await app({"type": "http", "method": "POST", "headers": headers, "path": "/"}, receive, send)
    return int(sent[0]["status"])


def faraway(drawn: RoutingTable, virtual_key: VirtualKey, *, enabled: bool) -> RoutingTable:
    """The same table: local providers on a closed port of loopback, the others far away."""
    places = {True: "http://127.0.0.1:9/v1", False: "https://cloud.example.com/v1"}
    return compile_table(
        providers=[replace(one, base_url=places[one.is_local]) for one in drawn.providers.values()],
        profiles=drawn.profiles.values(),
        rules=drawn.rules,
        mappings=drawn.mappings,
        virtual_keys=dict.fromkeys(virtual_keys(), virtual_key),
        cloud_enabled=enabled,
        compile_regex=compile_regex,
    )


@settings(max_examples=100, deadline=None)
@given(drawn=tables())
async def test_with_cloud_routing_off_no_connection_leaves(drawn: RoutingTable) -> None:
    """Whatever the profiles, rules and mappings say: neither a connection nor a name look-up."""
    routing = faraway(drawn, next(iter(virtual_keys().values())), enabled=False)
    names = [f"{one.virtual_provider}/large" for one in drawn.profiles.values()]
    names += [f"{one.name}/m1" for one in drawn.providers.values()]
    with watched() as left:
        for model in [*names, "auto", "gpt-4o"]:
            await chat(routing, {**ASK, "model": model})
    assert left == []


async def test_the_watch_would_notice() -> None:
    """The same table with cloud routing on is seen to leave: the proof above proves something."""
    far = ProviderEntry(name="far", kind="openai", base_url="https://192.0.2.1/v1", is_local=False)
    routing = compile_table(
        providers=[replace(far, connect_timeout=0.2)],
        virtual_keys=virtual_keys(),
        cloud_enabled=True,
        compile_regex=compile_regex,
    )
    with watched() as left:
        await chat(routing, {**ASK, "model": "far/m"})
    assert left


# --- the local fallback --------------------------------------------------------------------------


def test_off_a_cloud_profile_falls_to_local() -> None:
    with Upstream(Json({})) as cloud, Upstream(LOCAL) as local:
        with served(table(cloud, local, enabled=False)) as gateway, capture_logs() as logs:
            answer = ask(gateway.url)
    assert "local" in answer.text
    assert answer.headers["x-pointsman-fallback"] == "local"
    assert not cloud.asked
    assert local.asked[0].body["model"] == "tiny"
    assert any(entry["log_level"] == "warning" for entry in logs)


@pytest.mark.parametrize(
    "reply", [Json(shapes.error("x"), 500), Cut(), Sse(shapes.stream("x")[:1], then="cut")]
)
@pytest.mark.parametrize("stream", [True, False])
def test_on_the_cloud_comes_first_and_local_when_it_fails(reply: Reply, stream: bool) -> None:
    """A failed route falls to local by itself, whole answers and uncommitted streams alike."""
    local_reply = LOCAL if stream else Json(shapes.completion("local"))
    with Upstream(reply) as cloud, Upstream(local_reply) as local:
        with served(table(cloud, local, enabled=True)) as gateway, capture_logs() as logs:
            answer = ask(gateway.url, stream=stream)
    assert answer.status_code == 200
    assert "local" in answer.text
    assert answer.headers["x-pointsman-fallback"] == "local"
    assert answer.headers["x-pointsman-attempts"] == "2"
    assert len(cloud.asked) == 1
    assert any(entry["log_level"] == "warning" for entry in logs)


def test_on_a_healthy_cloud_answers() -> None:
    with Upstream(Sse(shapes.stream("cloud"))) as cloud, Upstream(LOCAL) as local:
        with served(table(cloud, local, enabled=True)) as gateway:
            answer = ask(gateway.url, temperature=0, top_p=0, stop=["x"], max_tokens=5)
    assert "cloud" in answer.text
    assert answer.headers["x-pointsman-fallback"] == "none"
    assert cloud.asked[0].headers["authorization"] == "Bearer secret-of-cloud"
    sent = cloud.asked[0].body
    assert (sent["temperature"], sent["top_p"], sent["stop"], sent["max_tokens"]) == (
        0,
        0,
        ["x"],
        5,
    )
    assert not local.asked


def test_no_mapping_falls_to_local() -> None:
    """R4.4: with cloud routing on, a name nothing maps is answered by local inference."""
    with Upstream(Json({})) as cloud, Upstream(LOCAL) as local:
        with served(table(cloud, local, enabled=True)) as gateway, capture_logs() as logs:
            answer = ask(gateway.url, model="gpt-unmapped")
        with served(table(cloud, local, enabled=False)) as gateway:
            unknown = ask(gateway.url, model="gpt-unmapped")
    assert answer.headers["x-pointsman-fallback"] == "local"
    assert any("mapping" in str(entry) for entry in logs)
    assert unknown.status_code == 404


def test_the_callers_own_fault_does_not_fall() -> None:
    with Upstream(Json(shapes.error("bad", "invalid_request_error"), 400)) as cloud:
        with Upstream(LOCAL) as local:
            with served(table(cloud, local, enabled=True)) as gateway:
                answer = ask(gateway.url)
    assert answer.status_code == 400
    assert not local.asked


def test_what_cannot_be_expressed_does_not_fall() -> None:
    """The request is refused by the name of its field, not answered by a smaller model instead."""
    with Upstream(Json({})) as cloud, Upstream(LOCAL) as local:
        drawn = table(cloud, local, enabled=True)
        (far, *rest) = drawn.providers.values()
        speaks = rebuilt(drawn, providers=[replace(far, kind="anthropic"), *rest])
        with served(speaks) as gateway:
            answer = ask(gateway.url, n=2)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "n"
    assert not cloud.asked
    assert not local.asked


def test_a_missing_modality_does_not_fall() -> None:
    """An image is not sent to a local backend that takes text only."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    with Upstream(Cut()) as cloud, Upstream(LOCAL) as local:
        routing = table(cloud, local, enabled=True)
        blind = [
            replace(one, capabilities=frozenset({"text"})) if one.name == "local" else one
            for one in routing.providers.values()
        ]
        routing = compile_table(
            providers=blind,
            profiles=routing.profiles.values(),
            virtual_keys=routing.virtual_keys,
            cloud_enabled=True,
            compile_regex=compile_regex,
        )
        with served(routing) as gateway:
            answer = ask(gateway.url, messages=[{"role": "user", "content": [image]}])
    assert answer.status_code == 502
    assert not local.asked


@pytest.mark.parametrize(
    ("of_profile", "of_key"), [({"local_fallback": "never"}, {}), ({}, {"local_fallback": "never"})]
)
def test_profile_and_key_can_forbid_the_fall(
    of_profile: dict[str, str], of_key: dict[str, str]
) -> None:
    with Upstream(Cut()) as cloud, Upstream(LOCAL) as local:
        routing = table(cloud, local, enabled=True, key=of_key, **of_profile)
        with served(routing) as gateway:
            answer = ask(gateway.url)
    assert answer.status_code == 502
    assert not local.asked


@pytest.mark.parametrize(
    ("of_profile", "of_key"), [({"local_only": True}, {}), ({}, {"local_only": True})]
)
def test_local_only_is_overridden_by_nothing(
    of_profile: dict[str, bool], of_key: dict[str, bool]
) -> None:
    """Not by the cloud flag, not by a hint; `provider/model` of a cloud is refused as well."""
    with Upstream(Json({})) as cloud, Upstream(LOCAL) as local:
        routing = table(cloud, local, enabled=True, key=of_key, **of_profile)
        with served(routing) as gateway:
            hinted = ask(gateway.url, routing_profile="light")
            direct = ask(gateway.url, model="cloud/big") if of_key else hinted
    assert hinted.headers["x-pointsman-fallback"] == "local"
    assert direct.status_code == 200
    assert not cloud.asked


# --- an honest fallback --------------------------------------------------------------------------

TOO_LONG = Json(
    {
        "error": {
            "message": "This model's context is 64 tokens, but the prompt alone has 900.",
            "type": "invalid_request_error",
            "code": "context_length_exceeded",
        }
    },
    400,
)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Json(shapes.error("overloaded", "server_error"), 503), "http_503"),
        (Json(shapes.error("slow down", "rate_limit_error"), 429), "http_429"),
        (Json(shapes.error("bad key", "invalid_request_error"), 401), "http_401"),
        (Json(shapes.error("not here", "invalid_request_error"), 404), "http_404"),
        (Cut(), "stream_died"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_unreachable_tells_what_a_provider_refused(reply: Reply, reason: str, stream: bool) -> None:
    """What may pass falls to local and says so; what an operator has to mend is told."""
    refused = reason in ("http_401", "http_404")
    local_reply = LOCAL if stream else Json(shapes.completion("local"))
    with Upstream(reply) as cloud, Upstream(local_reply) as local:
        routing = table(cloud, local, enabled=True, installation="unreachable")
        with served(routing) as gateway:
            answer = ask(gateway.url, stream=stream)
    assert bool(local.asked) == (not refused)
    if refused:
        assert answer.status_code == 502
        return
    assert answer.headers["x-pointsman-fallback"] == "local"
    assert answer.headers["x-pointsman-fallback-reason"] == reason
    assert answer.headers["x-pointsman-model"] == "tiny"


def test_the_reason_where_nothing_was_tried() -> None:
    with Upstream(Json({})) as cloud, Upstream(LOCAL, LOCAL) as local:
        with served(table(cloud, local, enabled=True)) as gateway:
            unknown = ask(gateway.url, model="gpt-unmapped")
        with served(table(cloud, local, enabled=False)) as gateway:
            empty = ask(gateway.url)
        told = [one.headers["x-pointsman-fallback-reason"] for one in (unknown, empty)]
    assert told == ["unknown_model", "no_candidate"]


def test_local_answers_end_somewhere() -> None:
    """Nobody chose this model, so it does not go on until its context is full."""
    with Upstream(Cut(), Cut()) as cloud, Upstream(LOCAL, LOCAL) as local:
        with served(table(cloud, local, enabled=True)) as gateway:
            ask(gateway.url)
            ask(gateway.url, max_completion_tokens=9)
    asked = [one.body for one in local.asked]
    assert asked[0]["max_tokens"] == 4096
    assert (asked[1].get("max_tokens"), asked[1]["max_completion_tokens"]) == (None, 9)


def test_a_prompt_too_long_for_local_tells_the_first_failure() -> None:
    down = Json(shapes.error("The engine room is on fire.", "server_error"), 503)
    with Upstream(down) as cloud, Upstream(TOO_LONG) as local:
        with served(table(cloud, local, enabled=True)) as gateway:
            answer = ask(gateway.url, stream=False)
    assert len(local.asked) == 1
    assert answer.status_code == 503
    assert "on fire" in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] != "context_length_exceeded"
    assert "x-should-retry" not in answer.headers


@pytest.mark.parametrize(
    ("enabled", "model", "status", "code"),
    [(True, "gpt-unmapped", 404, "model_not_found"), (False, "light/light", 503, "no_candidate")],
)
def test_a_prompt_too_long_for_local_tells_what_is_wrong_with_the_route(
    enabled: bool, model: str, status: int, code: str
) -> None:
    with Upstream(Json({})) as cloud, Upstream(TOO_LONG) as local:
        with served(table(cloud, local, enabled=enabled)) as gateway:
            answer = ask(gateway.url, model=model)
    assert len(local.asked) == 1
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
