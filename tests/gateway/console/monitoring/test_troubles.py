"""Which providers fail, as the latest attempts tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.console.monitoring.troubles import recent_troubles, troubles
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import attempt, request_context
from tests.governance.interactions.rows import START, insert


def tried(*codes: str, provider: str = "a") -> list[list[dict[str, Any]]]:
    """An interaction for each code, the latest first."""
    outcomes = {"ok": "ok", "left": "cancelled", "http_401": "misconfigured", "http_400": "x"}
    return [
        [{"provider": provider, "code": code, "outcome": outcomes.get(code, "retryable")}]
        for code in codes
    ]


@pytest.mark.parametrize(
    ("codes", "fails"),
    [
        (["ok"] * 5, False),
        (["http_503"] * 2, False),
        (["http_503"] * 3, True),
        (["http_503"] * 3 + ["ok"] * 3, True),
        (["http_503"] * 3 + ["ok"] * 4, False),
        (["left"] * 9, False),
        (["http_400"] * 9, False),
        (["http_401"], True),
        (["ok", "http_401"], False),
        (["ok"] * 20 + ["http_503"] * 50, False),
        (["http_503"] * 20 + ["ok"] * 50, True),
    ],
)
def test_what_counts_as_failing(codes: list[str], fails: bool) -> None:
    """Three failures that make half of the last twenty attempts, or one refusal as the latest."""
    assert bool(troubles(tried(*codes))) == fails


def test_it_says_how_bad_and_the_latest_reason() -> None:
    (one,) = troubles(tried("connect_failed", "http_503", "http_503", "ok"))
    assert (one.failed, one.tried, one.code, one.refused) == (3, 4, "connect_failed", False)


def test_each_attempt_of_a_request_counts_for_its_provider() -> None:
    """A fallback's success says nothing good about the one that failed before it."""
    both = [a + b for a, b in zip(tried(*["x"] * 4), tried(*["ok"] * 4, provider="b"), strict=True)]
    assert [one.provider for one in troubles(both)] == ["a"]


@pytest.mark.django_db
def test_only_the_last_minutes_count() -> None:
    def failed(number: int, at: Any) -> Any:
        bad = [attempt(provider="a", outcome="retryable", code="http_503")]
        return describe(request_context(id=f"r{number}", at=at.timestamp(), attempts=bad))

    insert(failed(number, START) for number in range(5))
    assert recent_troubles(START + timedelta(minutes=16)) == []
    (one,) = recent_troubles(START + timedelta(minutes=14))
    assert (one.provider, one.failed, one.code) == ("a", 5, "http_503")
