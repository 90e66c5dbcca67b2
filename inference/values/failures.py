"""One taxonomy of failures: what went wrong upstream decides what happens next."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from governance.kinds.kind import TOO_LONG, FailureWords

_WORDS_LIMIT: Final = 8192
"""Bytes of an error body that are searched for words."""


class Outcome(StrEnum):
    """How an attempt ended."""

    OK = "ok"
    RETRYABLE = "retryable"
    MISCONFIGURED = "misconfigured"
    TOO_LONG = "too_long"
    UNFIT = "unfit"
    """The candidate's protocol cannot express the request; another one's may."""
    CALLERS_FAULT = "callers_fault"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt did not answer."""

    outcome: Outcome
    code: str
    """A short stable word for logs and metrics: `connect_failed`, `http_503`, `idle_timeout`."""
    message: str
    """A sentence of ours; never an upstream's text, which may echo secrets."""
    status: int = 502
    """HTTP status for the caller when this is the last failure."""
    body: bytes = dataclasses.field(default=b"", repr=False)
    """The upstream's error as it came, in the upstream's protocol; for the caller alone."""
    retry_after: float | None = None
    """Seconds."""
    field: str | None = None
    """The request's field that stands in the way."""

    @property
    def moves_on(self) -> bool:
        """Whether another candidate may do better."""
        return self.outcome not in (Outcome.CALLERS_FAULT, Outcome.CANCELLED)


class AttemptFailed(Exception):
    """Ends an attempt from within; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def of_status(
    status: int,
    body: bytes = b"",
    retry_after: float | None = None,
    words: tuple[FailureWords, ...] = (TOO_LONG,),
) -> Failure:
    """The failure an upstream's HTTP status means, or the `words` of its error where they tell.

    408, 425, 429, 5xx and Anthropic's 529 may pass; 401, 402, 403 and 404 are ours to mend;
    every other status of the 4xx is about the request itself.
    """
    for said in words:
        if status in said.statuses and says(said, body):
            outcome = Outcome(said.outcome)
            return Failure(outcome, said.code, said.message, status, body, retry_after)
    code = f"http_{status}"
    if status in (408, 425, 429) or status >= 500:
        outcome = Outcome.RETRYABLE
        message = f"The provider answered with status {status}."
    elif status in (401, 402, 403, 404):
        outcome = Outcome.MISCONFIGURED
        message = f"The provider refused this gateway with status {status}."
    elif status >= 400:
        outcome = Outcome.CALLERS_FAULT
        message = f"The provider rejected the request with status {status}."
    else:
        outcome = Outcome.RETRYABLE
        message = f"The provider answered with the unexpected status {status}."
        status = 502
    return Failure(outcome, code, message, status, body, retry_after)


def says(words: FailureWords, body: bytes) -> bool:
    """Whether an error body holds any of the words."""
    return any(mark in body[:_WORDS_LIMIT] for mark in words.marks)


def broken(code: str, message: str, status: int = 502, body: bytes = b"") -> Failure:
    """A failure of the connection or of the stream; another candidate may do better."""
    return Failure(Outcome.RETRYABLE, code, message, status, body)
