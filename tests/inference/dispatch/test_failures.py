"""What a status means, and whether another candidate may do better."""

from __future__ import annotations

import pytest

from inference.values.failures import AttemptFailed, Failure, Outcome, broken, of_status


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass(status: int) -> None:
    failure = of_status(status, b"words", 7.0)
    assert failure.outcome is Outcome.RETRYABLE
    assert (failure.code, failure.status) == (f"http_{status}", status)
    assert (failure.body, failure.retry_after) == (b"words", 7.0)
    assert failure.moves_on


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_is_ours_to_mend(status: int) -> None:
    failure = of_status(status)
    assert failure.outcome is Outcome.MISCONFIGURED
    assert failure.moves_on


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_what_is_the_callers_fault(status: int) -> None:
    failure = of_status(status)
    assert failure.outcome is Outcome.CALLERS_FAULT
    assert not failure.moves_on


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize(
    "said", [b"context_length_exceeded", b"prompt is too long", b"maximum context length"]
)
def test_a_prompt_that_is_too_long_may_fit_elsewhere(status: int, said: bytes) -> None:
    failure = of_status(status, b'{"error": "' + said + b'"}')
    assert (failure.outcome, failure.code) == (Outcome.TOO_LONG, "too_long")
    assert failure.moves_on


def test_a_status_nobody_expects() -> None:
    failure = of_status(304)
    assert (failure.outcome, failure.code, failure.status) == (
        Outcome.RETRYABLE,
        "http_304",
        502,
    )


def test_a_caller_who_left_is_the_end() -> None:
    assert not Failure(Outcome.CANCELLED, "cancelled", "x").moves_on


def test_what_an_upstream_said_stays_out_of_logs() -> None:
    failure = broken("truncated", "It stopped.", body=b"a secret")
    assert "a secret" not in repr(failure)
    assert "a secret" not in repr(AttemptFailed(failure))
    assert str(AttemptFailed(failure)) == "It stopped."
