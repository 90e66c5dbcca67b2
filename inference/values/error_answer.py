"""An error of the gateway's own, before a protocol gives it its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from inference.values.failures import Failure, Outcome


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """What the caller is told when the gateway itself has to refuse or to give up."""

    status: int
    message: str
    code: str | None = None
    field: str | None = None
    retry_after: float | None = None
    """Seconds."""
    attempts: tuple[str, ...] = ()
    """One line an attempt: provider, model, what happened."""
    said: Mapping[str, Any] | None = None
    """The upstream's error object in the caller's protocol: its type, its code and what more it
    says count before what the gateway would say."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """What the status goes with: `allow` with a 405, `accept-encoding` with a 415."""
    sequence: int = 0
    """The number of the event that tells it, in a stream whose protocol counts its events."""
    details: Mapping[str, Any] | None = None
    """What programs read of a refusal, in a protocol that has a place for it."""
    partial: Mapping[str, Any] | None = None
    """The answer as far as it got, in a stream whose protocol tells it again with the error."""


def after_failure(
    failure: Failure,
    attempts: tuple[str, ...],
    body: bytes | None = None,
    *,
    callers: bool = False,
    candidates: int = 0,
) -> ErrorAnswer:
    """What the caller is told when the chain is used up: the last failure, and every attempt.

    `candidates` is how many were asked, each perhaps several times.

    `body` is the upstream's error in the caller's protocol. A failure that is the `callers` own is
    told as the upstream told it. A provider that refused this gateway is no news about the caller's
    own credentials, so its status becomes 502.
    """
    ours = failure.outcome is Outcome.MISCONFIGURED and not callers
    said = said_in(body)
    alone = candidates == 1
    if callers or (said is not None and alone and not ours):
        message = failure.message if said is None else said["message"]
    else:
        intro = "The only candidate failed" if alone else f"All {candidates} candidates failed"
        message = f"{intro}. {failure.message}"
        if said is not None:
            message = f"{message} It said: {said['message']}"
    return ErrorAnswer(
        502 if ours else failure.status,
        message,
        failure.code,
        failure.field,
        failure.retry_after,
        () if callers else attempts,
        None if ours else said,
    )


def in_stream(
    failure: Failure,
    body: bytes | None,
    sequence: int = 0,
    partial: Mapping[str, Any] | None = None,
) -> ErrorAnswer:
    """What ends a stream that has begun; `body` as for `after_failure`."""
    said = said_in(body)
    message = failure.message if said is None else said["message"]
    return ErrorAnswer(
        failure.status,
        message,
        failure.code,
        retry_after=failure.retry_after,
        said=said,
        sequence=sequence,
        partial=partial,
    )


def said_in(body: bytes | None) -> Mapping[str, Any] | None:
    """The error object of an error body: `error` in both protocols, with a type and a message."""
    if body is None:
        return None
    error: Mapping[str, Any] = msgspec.json.decode(body)["error"]
    return error
