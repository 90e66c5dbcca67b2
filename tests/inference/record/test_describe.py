"""The record of a request_context: every field, whatever the end, and no content."""

from __future__ import annotations

import msgspec
import pytest

from governance.interactions.record import InteractionRecord
from governance.routing.plan import Candidate, Refusal
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile
from inference.record.describe import LISTED, describe, plain
from inference.values.usage import Usage
from tests.governance.interactions.request_contexts import (
    CAPABLE,
    FAST,
    FEATURES,
    attempt,
    plan,
    request_context,
)

USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "cached_tokens": 200,
    "cache_written_tokens": 0,
    "reasoning_tokens": 10,
}


def test_it_works() -> None:
    """Every field of a plain request, as JSON has it."""
    record = describe(request_context(), cost_usd=0.0)
    assert msgspec.to_builtins(record) == {
        "id": "req_1",
        "time": "2030-03-17T17:46:40.250Z",
        "node": "",
        "key": {"id": "key-1", "name": "tests"},
        "group": None,
        "owner": None,
        "session": "",
        "protocol": "openai",
        "request_type": "chat",
        "requested_model": "light/light",
        "profile": {"id": "p-1", "name": "Light"},
        "reason": "virtual_model",
        "decision": {
            "hint": None,
            "virtual_model": "light",
            "candidates": (
                {"provider": "fast", "model": "small", "local_fallback": False},
                {"provider": "capable", "model": "gpt-4o-mini", "local_fallback": False},
            ),
            "rejections": (
                {"provider": "gone", "model": "large", "reason": "provider_not_configured"},
            ),
            "skipped": (),
            "warning": "",
            "sticky": "",
        },
        "attempts": (
            {
                "provider": "fast",
                "model": "small",
                "outcome": "ok",
                "code": "ok",
                "status": 200,
                "milliseconds": 81.3,
                "local_fallback": False,
                "usage": USAGE,
                "price": None,
                "cost_usd": None,
                "started_ms": None,
                "estimated": False,
                "cause": "",
            },
        ),
        "provider": "fast",
        "model": "small",
        "answered_model": "small-2030",
        "stream": True,
        "messages": 3,
        "tools": 1,
        "features": {
            "needs": ("text", "tools"),
            "last_user_characters": 36,
            "prompt_tokens": 20,
            "images": 0,
            "reasoning": False,
        },
        "duration_ms": 82.1,
        "first_token_ms": 50.0,
        "usage": USAGE,
        "cost_usd": 0.0,
        "finish_reason": "stop",
        "fallback": "none",
        "fallback_reason": "",
        "outcome": "ok",
        "error_code": "",
        "status": 200,
        "dropped_fields": (),
    }


def test_a_line_reads_back_as_the_record() -> None:
    record = describe(request_context())
    assert msgspec.json.decode(msgspec.json.encode(record), type=InteractionRecord) == record


def test_nothing_that_was_said_and_no_secret_is_in_it() -> None:
    line = msgspec.json.encode(describe(request_context()))
    assert FEATURES.last_user_text.encode() not in line
    assert FAST.api_key.encode() not in line


def test_a_request_refused_before_it_was_read() -> None:
    """Without key, ask and plan there is still a record that says so."""
    record = describe(
        request_context(
            routing_request=None,
            virtual_key=None,
            plan=None,
            attempts=[],
            outcome="refused",
            error_code="invalid_api_key",
            status=401,
            model="",
            usage=None,
            first_token=None,
            finish_reason="",
        )
    )
    assert (record.outcome, record.error_code, record.status) == ("refused", "invalid_api_key", 401)
    assert record.key is None
    assert record.profile is None
    assert record.attempts == ()
    assert (record.request_type, record.requested_model, record.reason) == ("", "", "")
    assert record.features.needs == ()
    assert record.usage is None
    assert record.first_token_ms is None
    assert record.errors == "invalid_api_key"


def test_a_request_nothing_could_take() -> None:
    refusal = Refusal(503, "no_candidate", "No target can answer.")
    record = describe(
        request_context(
            plan=plan(candidates=(), refusal=refusal, warning="all targets are gone"),
            attempts=[],
            outcome="refused",
            error_code="no_candidate",
            status=503,
        )
    )
    assert record.decision.candidates == ()
    assert record.decision.rejections[0].reason == "provider_not_configured"
    assert record.decision.warning == "all targets are gone"
    assert record.provider == ""


@pytest.mark.parametrize(
    ("attempts", "fallback", "errors"),
    [
        ([attempt()], "none", ""),
        (
            [
                attempt(outcome="retryable", code="http_503", status=503),
                attempt(provider="capable", model="gpt-4o-mini"),
            ],
            "target",
            "fast:http_503",
        ),
        (
            [
                attempt(outcome="retryable", code="connect_failed", status=0),
                attempt(provider="mlx", model="tiny", local_fallback=True),
            ],
            "local",
            "fast:connect_failed",
        ),
    ],
    ids=["first", "another target", "local"],
)
def test_the_fallback(attempts: list[object], fallback: str, errors: str) -> None:
    """The record names who answered, how it came to that, and what failed on the way."""
    record = describe(request_context(attempts=attempts))
    assert record.fallback == fallback
    assert record.errors == errors
    assert (record.provider, record.model) == (
        record.attempts[-1].provider,
        record.attempts[-1].model,
    )


def test_usage_is_of_the_attempt_that_answered() -> None:
    """A failed one has its own where its provider said so."""
    wasted = Usage(prompt=1000)
    record = describe(
        request_context(
            attempts=[
                attempt(outcome="retryable", code="http_503"),
                attempt(outcome="retryable", code="stream_died", usage=wasted),
                attempt(provider="capable"),
            ]
        )
    )
    assert [one.usage for one in record.attempts] == [None, wasted, record.usage]
    assert record.usage is not None


def test_a_chain_that_was_used_up() -> None:
    """The last failure is the request's; it is not listed twice among the errors."""
    record = describe(
        request_context(
            attempts=[
                attempt(outcome="retryable", code="http_500", status=500),
                attempt(provider="capable", outcome="retryable", code="stalled", status=0),
            ],
            outcome="retryable",
            error_code="stalled",
            status=504,
        )
    )
    assert record.errors == "fast:http_500 capable:stalled"
    assert record.provider == "capable"
    assert record.fallback == "none"


def test_a_caller_who_left() -> None:
    record = describe(
        request_context(
            attempts=[attempt(outcome="cancelled", code="cancelled", status=0)],
            outcome="cancelled",
            error_code="cancelled",
            status=0,
        )
    )
    assert (record.outcome, record.status, record.errors) == ("cancelled", 0, "fast:cancelled")


def test_a_provider_named_directly_is_no_profile() -> None:
    implicit = Profile(id="", name="fast", virtual_provider="fast", targets=(), implicit=True)
    record = describe(request_context(plan=plan(profile=implicit, reason="provider_model")))
    assert record.profile is None
    assert record.reason == "provider_model"


def test_names_from_outside_cannot_break_a_database() -> None:
    """Models come from callers and upstreams: NUL, half surrogates and a megabyte of text."""
    record = describe(
        request_context(
            routing_request=RoutingRequest(model="a\0b" + "x" * 1_000_000, profile_hint="h\0"),
            model="caf\ud800é",
            finish_reason="é" * 100,
        )
    )
    assert record.requested_model.startswith("a\ufffdb")
    assert len(record.requested_model) == 300
    assert record.decision.hint == "h\ufffd"
    assert record.answered_model == "caf?é"
    assert len(record.finish_reason) == 40


def test_plain_text_stays_as_it_is() -> None:
    assert plain("gpt-4o") == "gpt-4o"
    assert plain("modèle-日本") == "modèle-日本"


def test_a_crowded_plan_stays_short() -> None:
    many = tuple(Candidate(CAPABLE, f"model-{i}") for i in range(500))
    record = describe(request_context(plan=plan(candidates=many)))
    assert len(record.decision.candidates) == LISTED
