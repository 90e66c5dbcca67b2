"""Metrics: exact values after known journeys, in one process and in several."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.collector.exposition import exposition
from gateway.collector.telemetry import Telemetry
from gateway.supervisor import metrics as launch
from governance.interactions.record import InteractionRecord
from inference.record.describe import describe
from inference.record.record import RequestContext
from inference.values.usage import Usage
from tests.interactions.journeys import NOON, attempt, journey

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


def take(counted: Telemetry, *records: InteractionRecord) -> None:
    """What the recorder does with them."""
    sums = counted.begin()
    for record in records:
        sums.add(record)
    list(counted.take(sums))
    counted.flush()


def count(journeys: Iterable[RequestContext], cost_usd: float | None = None) -> Change:
    counted = Telemetry()
    with Change() as change:
        take(counted, *(describe(one, cost_usd) for one in journeys))
    return change


def test_it_works() -> None:
    """Two answers, one of them after a fallback, and everything that is counted of them."""
    fallback = [
        attempt(outcome="retryable", code="http_503"),
        attempt(provider="capable", model="gpt-4o-mini"),
    ]
    change = count([journey(), journey(attempts=fallback, first_token=0.3, duration=3.0)], 0.5)
    for labels, value in (
        ({"outcome": "ok"}, 2),
        ({"outcome": "retryable"}, 0),
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
    assert change(fallbacks, profile="Light", fallback="target") == 1
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
        assert change("pointsman_cost_usd_total", **place) == 0.5
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
            journey(outcome="retryable", error_code="http_500", status=500),
            journey(outcome="cancelled", error_code="cancelled", status=0),
            journey(
                ask=None, plan=None, attempts=[], outcome="refused", error_code="invalid_api_key"
            ),
        ]
    )
    errors = "pointsman_request_errors_total"
    assert change(errors, profile="Light", code="http_500") == 1
    assert change(errors, profile="Light", code="cancelled") == 0
    assert change(errors, profile="", code="invalid_api_key") == 1


def test_names_of_callers_are_no_labels() -> None:
    """What a caller can make up must not become a time series."""
    count([journey(id="req_made_up", model="made-up", usage=Usage(prompt=1))])
    assert b"made" not in exposition()


def test_drops_and_requests_in_flight() -> None:
    dropped = {"queue": 3, "log": 0, "database": 1}
    counted = Telemetry(in_flight=lambda: 7, dropped=lambda: dropped)
    with Change() as change:
        counted.flush()
        dropped["queue"] = 5
        counted.flush()
    name = "pointsman_interactions_dropped_total"
    assert [change(name, stage=stage) for stage in dropped] == [5, 0, 1]
    assert change.after["pointsman_requests_in_flight", frozenset()] == 7


def test_what_is_in_flight_is_told_now_and_then() -> None:
    at = 10.0
    counted = Telemetry(in_flight=lambda: int(at), interval=1.0, clock=lambda: at)

    def told() -> float:
        with Change() as change:
            counted.flush()
        return change.after["pointsman_requests_in_flight", frozenset()]

    assert told() == 10
    at = 10.9
    assert told() == 10
    at = 11.0
    assert told() == 11


def test_requests_of_one_way_are_told_in_one_step() -> None:
    counted = Telemetry()
    sums = counted.begin()
    for number in range(10):
        sums.add(describe(journey(id=f"req_{number}", at=NOON + number)))
    assert [total.requests for _, total in sums.ways()] == [10]
    sums.add(describe(journey(outcome="cancelled")))
    assert [total.requests for _, total in sums.ways()] == [10, 1]
    assert len(list(counted.take(sums))) == 2 + len(sums.times)


PROCESS = """
import os, sys
from gateway.collector.exposition import exposition
from gateway.collector.telemetry import Telemetry
from inference.record.describe import describe
from tests.interactions.journeys import journey
from tests.telemetry.test_telemetry import take
counted = Telemetry(in_flight=lambda: 2)
counted.flush()
for _ in range(int(sys.argv[1])):
    take(counted, describe(journey()))
sys.stdout.buffer.write(exposition())
sys.stdout.flush()
"""


def run(environment: dict[str, str], *arguments: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-c", PROCESS, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    ).stdout


def test_processes_tell_of_each_other(tmp_path: Path) -> None:
    """Whichever process is asked adds up all of them: those that ended too, but not what they had
    in flight."""
    environment = dict(launch.environment(tmp_path))
    requests = frozenset(
        {
            "protocol": "openai",
            "request_type": "chat",
            "profile": "Light",
            "outcome": "ok",
        }.items()
    )
    run(environment, "3")
    second = samples(run(environment, "4"))
    assert second["pointsman_requests_total", requests] == 7
    assert second["pointsman_requests_in_flight", frozenset()] == 2
    place = frozenset({"provider": "fast"}.items())
    assert second["pointsman_time_to_first_token_seconds_count", place] == 7


def test_a_new_start_counts_from_zero(tmp_path: Path) -> None:
    """The launcher removes what the processes of its last run left."""
    environment = dict(launch.environment(tmp_path))
    run(environment, "3")
    assert any(Path(environment["PROMETHEUS_MULTIPROC_DIR"]).iterdir())
    assert launch.environment(tmp_path) == environment
    assert not any(Path(environment["PROMETHEUS_MULTIPROC_DIR"]).iterdir())
