"""Simulate answers as live routing would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from governance import ports, services
from governance.errors import Invalid
from governance.models import ApiKey
from governance.routing.fields import Problem
from governance.routing.request import RoutingRequest
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document, provider_document

PATH = "/routing-profiles/simulate"


@pytest.fixture(autouse=True)
def table(db: None) -> None:
    for name in ("fast", "capable"):
        services.save_provider(provider_document(name), who="t")
    targets = [
        {"provider": "fast", "model": "m-1", "weight": 3},
        {"provider": "capable", "model": "m-2", "capabilities": ["vision"]},
        {"provider": "capable", "model": "m-3", "weight": 1, "capabilities": ["text", "audio"]},
        {"provider": "nobody", "model": "m-4"},
    ]
    services.save_profile(profile_document(targets=targets, strategy="weighted"), who="t")


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chat API is there: it finds out that an image needs vision."""

    def read(document: Mapping[str, Any]) -> RoutingRequest:
        if not isinstance(document["messages"], list):
            raise Invalid(Problem("messages", "type", "messages must be a list."))
        needs = {"text", "vision"} if "image_url" in str(document["messages"]) else {"text"}
        return RoutingRequest(
            document.get("model", ""),
            required_capabilities=frozenset(needs),
            profile_hint=document.get("routing_profile"),
        )

    monkeypatch.setattr(ports, "_ports", replace(ports.filled(), read_request=read))


def test_it_works(api: Api) -> None:
    answer = api.post(
        PATH, {"model": "light/small", "request_type": "chat", "capabilities": ["text"]}
    )
    assert answer.status_code == 200
    found = answer.json()
    assert found["profile"]["virtual_provider"] == "light"
    assert found["reason"] == "virtual_model"
    assert [found["primary"], *found["fallbacks"]] == found["candidates"]
    chances = {one["model"]: one["probability"] for one in found["candidates"]}
    assert chances["m-1"] == 0.75
    assert chances["m-3"] == 0.25
    reasons = {one["model"]: one["reason"] for one in found["rejections"]}
    assert reasons == {"m-2": "capability_mismatch", "m-4": "provider_not_configured"}
    assert (found["request_type"], found["capabilities"]) == ("chat", ["text"])


def test_capabilities_decide(api: Api) -> None:
    found = api.post(PATH, {"model": "light/x", "capabilities": ["vision"]}).json()
    assert {one["model"] for one in found["candidates"]} >= {"m-1", "m-2"}
    assert {one["model"] for one in found["rejections"]} == {"m-3", "m-4"}


def test_an_unknown_model_is_refused_as_live(api: Api) -> None:
    found = api.post(PATH, {"model": "gpt-5"}).json()
    assert found["primary"] is None
    assert found["refusal"]["status"] == 404


@pytest.mark.parametrize(
    "hint",
    [
        {"routing_profile": "light"},
        {"metadata": {"routing_profile": "light"}},
        {"headers": {"X-Routing-Profile": "light"}},
    ],
)
def test_a_hint_decides_first(api: Api, hint: dict[str, Any]) -> None:
    found = api.post(PATH, {"model": "gpt-5", **hint}).json()
    assert (found["reason"], found["profile"]["id"]) == ("caller_hint", "light")


def test_the_request_counts_as_the_callers_or_as_the_named_keys(
    caller: Callable[..., Api],
) -> None:
    services.save_profile(profile_document("bound"), who="t")
    bound = caller("governance:read", routing_profile="bound")
    key = ApiKey.objects.get(routing_profile="bound")
    assert bound.post(PATH, {"model": "light/small"}).json()["reason"] == "api_key"
    free = caller("governance:read")
    assert free.post(PATH, {"model": "light/small"}).json()["reason"] == "virtual_model"
    as_bound = free.post(PATH, {"model": "light/small", "virtual_key_id": key.pk})
    assert as_bound.json()["reason"] == "api_key"
    assert free.post(PATH, {"virtual_key_id": "none"}).status_code == 400


def test_what_if_a_provider_is_down_or_limited(api: Api) -> None:
    ask = {"model": "light/small"}
    found = api.post(PATH, {**ask, "what_if": {"FAST": "down"}}).json()
    assert found["primary"]["model"] == "m-3"
    assert found["fallbacks"][0]["demoted"] == "cooling_down"
    found = api.post(PATH, {**ask, "what_if": {"fast": "slow"}}).json()
    assert found["fallbacks"][0]["demoted"] == "saturated"
    found = api.post(PATH, {**ask, "what_if": {"fast": "rate_limited"}}).json()
    assert found["rejections"][0]["reason"] == "request_threshold_exceeded"


def test_a_whole_request_is_read_by_the_chat_api(api: Api, reader: None) -> None:
    content = [{"type": "image_url", "image_url": {"url": "data:"}}]
    whole = {"model": "light/x", "messages": [{"role": "user", "content": content}]}
    for document in (whole, {"request": whole}):
        found = api.post(PATH, document).json()
        assert found["capabilities"] == ["text", "vision"]
        assert found["rejections"][0]["model"] == "m-3"


def test_a_whole_request_that_is_broken_is_the_callers_fault(api: Api, reader: None) -> None:
    answer = api.post(PATH, {"messages": 7})
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["messages"]


def test_without_the_chat_api_whole_requests_are_not_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_ports", None)
    answer = api.post(PATH, {"messages": []})
    assert answer.status_code == 501
    assert error_of(answer)["code"] == "not_implemented"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"model": 7}, "model"),
        ({"request_type": "song"}, "request_type"),
        ({"capabilities": "vision"}, "capabilities"),
        ({"capabilities": ["smell"]}, "capabilities[0]"),
        ({"routing_profile": []}, "routing_profile"),
        ({"headers": []}, "headers"),
        ({"headers": {"a": 1}}, "headers.a"),
        ({"request": []}, "request"),
        ({"what_if": []}, "what_if"),
        ({"what_if": {"fast": "sad"}}, "what_if.fast"),
        ({"what_if": {"nobody": "down"}}, "what_if.nobody"),
        ({"what_if": {"fast": None}}, "what_if.fast"),
        ({"virtual_key_id": 7}, "virtual_key_id"),
        ({"metadata": {"routing_profile": 7}}, "metadata.routing_profile"),
    ],
)
def test_bad_input_is_the_callers_fault(api: Api, document: dict[str, Any], field: str) -> None:
    answer = api.post(PATH, document)
    assert answer.status_code == 400
    assert field in error_of(answer)["fields"]


def test_a_cache_and_a_shadow_are_told_where_there_are_any(api: Api) -> None:
    told = api.post(PATH, {"model": "light/x"}).json()
    assert not {"cache", "shadow"} & told.keys()
    services.save_profile(
        profile_document(
            cache={"ttl": 60, "scope": "shared"},
            shadow={"target": "capable/m-9", "percent": 5},
        ),
        who="t",
        existing="light",
    )
    told = api.post(PATH, {"model": "light/x"}).json()
    assert told["cache"] == {
        "applies": True,
        "ttl": 60,
        "scope": "shared",
        "detail": "The same request of any key is answered again for 60 seconds, at no cost.",
    }
    assert told["shadow"] == {
        "applies": True,
        "target": "capable/m-9",
        "percent": 5,
        "detail": "5 % of such requests are sent to capable/m-9 too.",
    }
    told = api.post(PATH, {"model": "light/x", "what_if": {"capable": "down"}}).json()
    assert (told["cache"]["applies"], told["shadow"]["applies"]) == (True, False)
    assert "cools down" in told["shadow"]["detail"]
    told = api.post(PATH, {"model": "light/x", "request_type": "speech"}).json()
    assert told["cache"]["detail"] == "Answers to speech are not cached."


def test_the_cheapest_by_the_operators_own_prices(api: Api, settings: Any) -> None:
    """Who comes first follows from prices; a model without one is last, and says so."""
    settings.ENABLE_CLOUD_ROUTING = True
    services.save_provider({"is_local": False}, who="t", existing="fast", partial=True)
    targets = [{"provider": "fast", "model": name} for name in ("m-1", "m-2", "m-3")]
    services.save_profile(
        profile_document(targets=targets, strategy="cheapest"), who="t", existing="light"
    )
    for model, dollars in (("m-1", "2"), ("m-2", "1")):
        price = {"provider": "fast", "model": model, "input": dollars, "output": dollars}
        price["valid_from"] = "2026-01-01T00:00:00Z"
        services.PRICES.save(price, who="t")
    asked = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 99}
    found = api.post(PATH, asked).json()
    assert [one["model"] for one in found["candidates"]] == ["m-2", "m-1", "m-3"]
    costs = [one["expected_cost_usd"] for one in found["candidates"]]
    assert costs == [pytest.approx(0.0001), pytest.approx(0.0002), None]
    assert found["candidates"][2]["detail"].startswith("No price")
    assert [one["probability"] for one in found["candidates"]] == [1.0, 0.0, 0.0]
    assert found["estimated"]
