"""Headers of the gateway's answers: which way a request went, in words programs can read."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil
from typing import Final
from urllib.parse import quote

from governance.routing.plan import Candidate
from inference.record.record import RequestContext
from inference.translate.base import EVENT_STREAM

Headers = list[tuple[bytes, bytes]]

# Ids tell requests apart, they are no secret; the system's generator would cost a call each.
_ids: Final = random.Random()  # noqa: S311
_SANE: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
JSON: Final = (b"content-type", b"application/json")
STREAM: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx would hold the events back otherwise.
    (b"x-accel-buffering", b"no"),
)


def stream(media_type: str) -> Headers:
    """The head of a stream of this content type."""
    if media_type == EVENT_STREAM:
        return list(STREAM)
    return [(b"content-type", media_type.encode("latin-1")), *STREAM[1:]]


def request_id(given: bytes | None) -> str:
    """The caller's `x-request-id` when it is sane, else a new one."""
    if given is not None and _SANE.fullmatch(given):
        return given.decode()
    return f"req_{_ids.getrandbits(96):024x}"


def moment(at: float) -> str:
    """Unix time in seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def retry_after(seconds: float | None) -> Headers:
    """`retry-after` in whole seconds, at least one."""
    return [] if seconds is None else [(b"retry-after", str(max(1, ceil(seconds))).encode())]


def encoded(text: str) -> bytes:
    """What HTTP cannot carry is percent-encoded."""
    return quote(text, safe=" !#$&'()*+,/:;=?@[]-._~|<>{}^`\"\\").encode()


@lru_cache(maxsize=8192)
def header_value(text: str) -> bytes:
    """`encoded`, for the names of profiles, providers and models."""
    return encoded(text)


def routing_headers(context: RequestContext) -> Headers:
    """Which way the request went, as far as it is known by now.

    `x-pointsman-fallback` is `none`, `target` when a later target of the profile answers, `local`
    when local inference took over.
    """
    headers: Headers = [(b"x-request-id", context.id.encode())]
    plan = context.plan
    if plan is not None and plan.reason:
        headers.append((b"x-pointsman-reason", header_value(plan.reason)))
        if plan.profile is not None and not plan.profile.implicit:
            headers.append((b"x-pointsman-profile", header_value(plan.profile.name)))
    if context.cache:
        headers.append((b"x-pointsman-cache", context.cache.encode()))
    if context.dropped:
        headers.append((b"x-pointsman-dropped", encoded(", ".join(context.dropped))))
    return headers


def answered(context: RequestContext, candidate: Candidate, attempts: int) -> Headers:
    """The headers of a request that `candidate` answers, as the last of so many `attempts`."""
    moved_on = context.moved_on(candidate.provider.name, candidate.model)
    fallback = b"local" if candidate.is_local_fallback else b"target" if moved_on else b"none"
    limits = context.limits
    reason = context.first_failure.encode() if fallback != b"none" else b""
    return [
        *routing_headers(context),
        *(() if limits is None else limits.headers(context.protocol)),
        (b"x-pointsman-provider", header_value(candidate.provider.name)),
        (b"x-pointsman-model", header_value(candidate.model)),
        (b"x-pointsman-attempts", str(attempts).encode()),
        (b"x-pointsman-fallback", fallback),
        *([(b"x-pointsman-fallback-reason", reason)] if reason else ()),
    ]
