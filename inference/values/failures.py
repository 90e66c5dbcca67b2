"""One taxonomy of failures: what went wrong upstream decides what happens next."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from governance.kinds.failure_words import SHARED, FailureWords
from inference.values.reported_error import ReportedError, read_error
from inference.values.retry_after import told_wait


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
    upstream_status: int = 0
    """HTTP status of the upstream's answer; 0 where there was none, or a success."""
    opaque: bool = False
    """`body` is about this gateway's own account and may quote its credentials."""

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
    words: tuple[FailureWords, ...] = SHARED,
) -> Failure:
    """The failure an upstream's HTTP status means, or the `words` of its error where they tell.

    408, 425, 429, 5xx and Anthropic's 529 may pass; 401, 402, 403 and 404 are ours to mend;
    every other status of the 4xx is about the request itself.
    """
    telling = _telling(words, status) if body else ()
    said = _found(telling, read_error(body)) if telling else None
    if said is not None:
        return _of_words(said, status, body, retry_after, status)
    code = f"http_{status}"
    told = status
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
        told = 502
    return Failure(
        outcome,
        code,
        message,
        told,
        body,
        retry_after,
        upstream_status=status,
        opaque=status in (401, 402, 403),
    )


def in_answer(body: bytes, words: tuple[FailureWords, ...] = SHARED) -> Failure:
    """An error inside a 200, whole or streamed: what its words mean, else what its code does.

    Another candidate may do better unless the words say otherwise.
    """
    reported = read_error(body)
    stated = _stated_status(reported)
    wait = told_wait(body)
    said = _found(_telling(words, stated or 400), reported)
    if said is not None:
        return _of_words(said, stated or 400, body, wait)
    message = "The provider sent an error in its answer."
    status = stated if stated in (429, 503) else 502
    return Failure(Outcome.RETRYABLE, ERROR_IN_ANSWER, message, status, body, wait)


ERROR_IN_ANSWER: Final = "error_in_answer"
"""The code of an error inside a 200 whose words say nothing more."""


def reworded(failure: Failure, words: tuple[FailureWords, ...]) -> Failure:
    """An error inside a 200 by the words of a kind, where a translator took those of all."""
    if words is SHARED or not failure.body or failure.code != ERROR_IN_ANSWER:
        return failure
    return in_answer(failure.body, words)


def _of_words(
    said: FailureWords,
    status: int,
    body: bytes,
    retry_after: float | None,
    upstream_status: int = 0,
) -> Failure:
    return Failure(
        Outcome(said.outcome),
        said.code,
        said.message,
        said.status or status,
        body,
        retry_after,
        upstream_status=upstream_status,
        opaque=said.opaque,
    )


def _stated_status(reported: ReportedError) -> int:
    """The HTTP status that an error inside a 200 stands for, as far as it says; else 0."""
    if reported.code.isdigit() and 400 <= int(reported.code[:4]) < 600:
        return int(reported.code)
    for status, words in _STATED:
        if words.search(reported.text):
            return status
    return 0


_STATED: Final = (
    (429, re.compile(r"\brate_limit_(?:error|exceeded)\b|\brate_limited\b")),
    (503, re.compile(r"\boverloaded(?:_error)?\b")),
)


class _Marks(NamedTuple):
    """Words in the form in which they are searched, in lower case: a search without regard to
    case takes four times as long, and this is done to every error of a provider."""

    words: FailureWords
    marks: re.Pattern[str]
    unless: re.Pattern[str] | None


def _found(telling: tuple[_Marks, ...], reported: ReportedError) -> FailureWords | None:
    """The first of the words that an error holds."""
    text = reported.text.lower()
    for words, marks, unless in telling:
        if marks.search(text) and not (unless and unless.search(text)):
            return words
    return None


@lru_cache(maxsize=1024)
def _telling(words: tuple[FailureWords, ...], status: int) -> tuple[_Marks, ...]:
    """Those that say more than this status."""
    return tuple(_searched(one) for one in words if status in one.statuses)


@lru_cache(maxsize=256)
def _searched(words: FailureWords) -> _Marks:
    return _Marks(words, _any_of(words.marks), _any_of(words.unless) if words.unless else None)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(_CAPITAL.sub(lambda found: found[0].lower(), joined))


_CAPITAL: Final = re.compile(r"(?<!\\)[A-Z]")
"""A letter, where it is no class of letters (`\\W`)."""


def broken(code: str, message: str, status: int = 502, body: bytes = b"") -> Failure:
    """A failure of the connection or of the stream; another candidate may do better."""
    return Failure(Outcome.RETRYABLE, code, message, status, body)
