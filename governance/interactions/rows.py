"""Records as rows and back. Content stays out of the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from governance.interactions.record import (
    AttemptRecord,
    DecisionRecord,
    FeaturesRecord,
    InteractionRecord,
    Named,
    UsageRecord,
)
from governance.models.interaction import Interaction

COLUMNS: Final = (
    "request_id",
    "time",
    "key_id",
    "key_name",
    "protocol",
    "request_type",
    "requested_model",
    "profile_id",
    "profile_name",
    "reason",
    "decision",
    "attempts",
    "provider",
    "model",
    "answered_model",
    "stream",
    "messages",
    "tools",
    "features",
    "duration_ms",
    "first_token_ms",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_written_tokens",
    "reasoning_tokens",
    "cost_usd",
    "finish_reason",
    "fallback",
    "outcome",
    "error_code",
    "status",
    "errors",
    "dropped_fields",
)
"""In the order of `values_of`."""

_NOBODY: Final = Named("", "")
_NO_USAGE: Final = (None,) * 5
_encode: Final = msgspec.json.Encoder().encode


def values_of(record: InteractionRecord, moment: Callable[[datetime], Any]) -> tuple[Any, ...]:
    """What an INSERT of `COLUMNS` binds; `moment` makes a time as the database takes it.

    Six times as fast as a model instance and `bulk_create`, which would cost more than all the
    rest of a request.
    """
    key, profile, usage = record.key or _NOBODY, record.profile or _NOBODY, record.usage
    return (
        record.id,
        moment(datetime.fromisoformat(record.time)),
        key.id,
        key.name,
        record.protocol,
        record.request_type,
        record.requested_model,
        profile.id,
        profile.name,
        record.reason[:300],
        _encode(record.decision).decode(),
        _encode(record.attempts).decode(),
        record.provider,
        record.model,
        record.answered_model,
        record.stream,
        record.messages,
        record.tools,
        _encode(record.features).decode(),
        record.duration_ms,
        record.first_token_ms,
        *(msgspec.structs.astuple(usage) if usage is not None else _NO_USAGE),
        record.cost_usd,
        record.finish_reason,
        record.fallback,
        record.outcome,
        record.error_code[:60],
        record.status,
        record.errors[:1000],
        _encode(record.dropped_fields).decode(),
    )


def record_of(row: Interaction) -> InteractionRecord:
    """The record a row was made of."""
    usage = (
        row.prompt_tokens,
        row.completion_tokens,
        row.cached_tokens,
        row.cache_written_tokens,
        row.reasoning_tokens,
    )
    time = row.time.astimezone(UTC).isoformat(timespec="milliseconds")
    return InteractionRecord(
        id=row.request_id,
        time=time.removesuffix("+00:00") + "Z",
        key=Named(row.key_id, row.key_name) if row.key_id or row.key_name else None,
        protocol=row.protocol,
        request_type=row.request_type,
        requested_model=row.requested_model,
        profile=Named(row.profile_id, row.profile_name) if row.profile_id else None,
        reason=row.reason,
        decision=msgspec.convert(row.decision, DecisionRecord),
        attempts=msgspec.convert(row.attempts, tuple[AttemptRecord, ...]),
        provider=row.provider,
        model=row.model,
        answered_model=row.answered_model,
        stream=row.stream,
        messages=row.messages,
        tools=row.tools,
        features=msgspec.convert(row.features, FeaturesRecord),
        duration_ms=row.duration_ms,
        first_token_ms=row.first_token_ms,
        usage=UsageRecord(*(count or 0 for count in usage)) if usage != _NO_USAGE else None,
        cost_usd=row.cost_usd,
        finish_reason=row.finish_reason,
        fallback=row.fallback,
        outcome=row.outcome,
        error_code=row.error_code,
        status=row.status,
        dropped_fields=tuple(row.dropped_fields),
    )
