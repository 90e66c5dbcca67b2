"""Metrics: exact values after known requests."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.collector import record_metrics, telemetry
from gateway.collector.telemetry import exposition
from inference.record.describe import describe
from inference.record.record import RequestContext
from inference.values.usage import Usage
from tests.governance.interactions.request_contexts import attempt, request_context

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: bytes) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


class Change:
    """What a block of code adds to the metrics of this process."""

    def __enter__(self) -> Change:
        self.before = samples(exposition())
        return self

    def __exit__(self, *error: object) -> None:
        self.after = samples(exposition())

    def __call__(self, name: str, **labels: str) -> float:
        key = name, frozenset(labels.items())
        return self.after.get(key, 0.0) - self.before.get(key, 0.0)


def count(request_contexts: Iterable[RequestContext], cost_usd: float | None = None) -> Change:
    with Change() as change:
        for one in request_contexts:
            record_metrics.count(describe(one, cost_usd))
    return change


def test_it_works() -> None:
    """Two answers, one of them after a fallback, and everything that is counted of them."""
    fallback = [
        attempt(outcome="retryable", code="http_503"),
        attempt(provider="capable", model="gpt-4o-mini"),
    ]
    change = count(
        [request_context(), request_context(attempts=fallback, first_token=0.3, duration=3.0)], 0.5
    )
    for labels, value in (
        ({"outcome": "ok", "fallback": "none"}, 1),
        ({"outcome": "ok", "fallback": "target"}, 1),
        ({"outcome": "ok", "fallback": "local"}, 0),
        ({"outcome": "retryable", "fallback": "none"}, 0),
    ):
        assert (
            change(
                "pointsman_requests_total",
                protocol="openai",
                request_type="chat",
                profile="Light",
                **labels,
            )
            == value
        )
    hits = "pointsman_routing_profile_hits_total"
    assert change(hits, profile="Light", reason="virtual_model") == 2
    fallbacks = "pointsman_routing_profile_fallbacks_total"
    assert change(fallbacks, profile="Light", fallback="target", reason="http_503") == 1
    rejections = "pointsman_routing_profile_rejections_total"
    assert change(rejections, profile="Light", reason="provider_not_configured") == 2
    attempts = "pointsman_upstream_attempts_total"
    assert change(attempts, provider="fast", outcome="ok") == 1
    assert change(attempts, provider="fast", outcome="retryable") == 1
    assert change(attempts, provider="capable", outcome="ok") == 1
    for provider in ("fast", "capable"):
        place = {"profile": "Light", "provider": provider}
        assert change("pointsman_tokens_total", kind="prompt", **place) == 1000
        assert change("pointsman_tokens_total", kind="completion", **place) == 100
        assert change("pointsman_tokens_total", kind="cached", **place) == 200
        assert change("pointsman_tokens_total", kind="reasoning", **place) == 10
        assert change("pointsman_cost_usd_total", **place) == pytest.approx(0.5)
        assert change("pointsman_request_duration_seconds_count", provider=provider) == 1
    place = {"provider": "capable"}
    first = "pointsman_time_to_first_token_seconds"
    assert change(f"{first}_bucket", le="0.25", **place) == 0
    assert change(f"{first}_bucket", le="0.5", **place) == 1
    assert change(f"{first}_sum", **place) == pytest.approx(0.3)
    assert change("pointsman_request_duration_seconds_sum", **place) == pytest.approx(3.0)


def test_errors_are_counted_by_their_code() -> None:
    """A caller who left is no error; a refusal before any profile was chosen has none."""
    change = count(
        [
            request_context(outcome="retryable", error_code="http_500", status=500),
            request_context(outcome="cancelled", error_code="cancelled", status=0),
            request_context(
                routing_request=None,
                plan=None,
                attempts=[],
                outcome="refused",
                error_code="invalid_api_key",
            ),
        ]
    )
    errors = "pointsman_request_errors_total"
    assert change(errors, profile="Light", code="http_500") == 1
    assert change(errors, profile="Light", code="cancelled") == 0
    assert change(errors, profile="", code="invalid_api_key") == 1


def test_names_of_callers_are_no_labels() -> None:
    """What a caller can make up must not become a time series."""
    count([request_context(id="req_made_up", model="made-up", usage=Usage(prompt=1))])
    assert b"made" not in exposition()


def test_every_stage_at_which_records_are_lost_is_there_from_the_start() -> None:
    """An alert on a series that does not exist never fires."""
    found = samples(exposition())
    for stage in telemetry.STAGES:
        name = "pointsman_interactions_dropped_total"
        assert (name, frozenset({("stage", stage)})) in found
