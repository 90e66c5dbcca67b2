"""Journeys made by hand: no gateway is needed to have something to record."""

from __future__ import annotations

from typing import Any

from governance.interactions.record import AttemptRecord
from governance.routing.plan import Candidate, Plan, Verdict
from governance.routing.request import Features, RoutingRequest
from governance.routing.table import Profile, ProviderEntry, Target, VirtualKey
from inference.record.record import RequestContext
from inference.values.usage import Usage

NOON = 1_900_000_000.25
"""2030-03-17T17:46:40.250Z"""
VIRTUAL_KEY = VirtualKey(id="key-1", name="tests", scopes=frozenset({"inference"}))
FAST = ProviderEntry(
    name="fast", kind="openai", base_url="http://127.0.0.1:1/v1", is_local=True, api_key="s3cret"
)
CAPABLE = ProviderEntry(
    name="capable", kind="openai", base_url="https://api.openai.com/v1", is_local=False
)
TARGETS = (
    Target(provider="fast", model="small", virtual_model="light"),
    Target(provider="capable", model="gpt-4o-mini", virtual_model="light", position=1),
    Target(provider="gone", model="large", virtual_model="light", position=2),
)
PROFILE = Profile(id="p-1", name="Light", virtual_provider="light", targets=TARGETS)
FEATURES = Features(
    last_user_text="What is the secret of the hen house?",
    last_user_characters=36,
    prompt_tokens=20,
    messages=3,
    tools=1,
    images=0,
    reasoning=False,
)


def plan(**more: Any) -> Plan:
    values: dict[str, Any] = {
        "profile": PROFILE,
        "reason": "virtual_model",
        "alias": "light",
        "candidates": (
            Candidate(FAST, "small", TARGETS[0]),
            Candidate(CAPABLE, "gpt-4o-mini", TARGETS[1]),
        ),
        "verdicts": (
            Verdict(TARGETS[0], "small"),
            Verdict(TARGETS[1], "gpt-4o-mini"),
            Verdict(TARGETS[2], "large", "provider_not_configured", "There is no such provider."),
        ),
        **more,
    }
    return Plan(**values)


def attempt(**more: Any) -> AttemptRecord:
    values: dict[str, Any] = {
        "provider": "fast",
        "model": "small",
        "outcome": "ok",
        "code": "ok",
        "status": 200,
        "milliseconds": 81.26,
        **more,
    }
    return AttemptRecord(**values)


def request_context(**more: Any) -> RequestContext:
    """A request that was answered by its first candidate; `more` says what was different."""
    values: dict[str, Any] = {
        "id": "req_1",
        "protocol": "openai",
        "started": 1000.0,
        "at": NOON,
        "routing_request": RoutingRequest(
            model="light/light",
            required_capabilities=frozenset({"text", "tools"}),
            stream=True,
            features=FEATURES,
        ),
        "virtual_key": VIRTUAL_KEY,
        "plan": plan(),
        "attempts": [attempt()],
        "status": 200,
        "model": "small-2030",
        "first_token": 0.05,
        "duration": 0.0821,
        "usage": Usage(prompt=1000, completion=100, cached=200, reasoning=10),
        "finish_reason": "stop",
        **more,
    }
    return RequestContext(**values)
