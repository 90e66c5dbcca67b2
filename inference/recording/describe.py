"""A finished journey as a record. PURE."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from governance.interactions.record import (
    AttemptRecord,
    CandidateRecord,
    DecisionRecord,
    FeaturesRecord,
    InteractionRecord,
    Named,
    RejectionRecord,
    SkippedRecord,
    UsageRecord,
)
from governance.routing.plan import Plan
from inference.record import Journey
from inference.usage import Usage

LISTED: Final = 50
"""Candidates, rejections and attempts of one record at most."""
NAME: Final = 300
"""Characters kept of a name that a caller or an upstream chose."""


def describe(journey: Journey, cost_usd: float | None = None) -> InteractionRecord:
    """The record of a journey, without content."""
    ask, grant, plan = journey.ask, journey.grant, journey.plan
    attempts = tuple(
        AttemptRecord(
            one.provider,
            one.model,
            one.outcome,
            one.code,
            one.status,
            round(one.milliseconds, 1),
            one.local_fallback,
        )
        for one in journey.attempts[-LISTED:]
    )
    last = attempts[-1] if attempts else None
    profile = plan.profile if plan is not None else None
    features = ask.features if ask is not None else None
    return InteractionRecord(
        id=journey.id,
        time=timestamp(journey.at),
        key=Named(grant.id, grant.name) if grant is not None else None,
        protocol=journey.protocol,
        request_type=ask.request_type if ask is not None else "",
        requested_model=plain(ask.model) if ask is not None else "",
        profile=(
            Named(profile.id, profile.name) if profile is not None and not profile.implicit else None
        ),
        reason=plan.reason if plan is not None else "",
        decision=_decision(ask.hint if ask is not None else None, plan),
        attempts=attempts,
        provider=last.provider if last is not None else "",
        model=last.model if last is not None else "",
        answered_model=plain(journey.model),
        stream=ask.stream if ask is not None else False,
        messages=features.messages if features is not None else 0,
        tools=features.tools if features is not None else 0,
        features=(
            FeaturesRecord(
                tuple(sorted(ask.needs)),
                features.last_user_characters,
                features.prompt_tokens,
                features.images,
                features.reasoning,
            )
            if ask is not None and features is not None
            else FeaturesRecord()
        ),
        duration_ms=round(journey.duration * 1000, 1),
        first_token_ms=(
            round(journey.first_token * 1000, 1) if journey.first_token is not None else None
        ),
        usage=_usage(journey.usage),
        cost_usd=cost_usd,
        finish_reason=plain(journey.finish_reason, 40),
        fallback=journey.fallback,
        outcome=str(journey.outcome),
        error_code=journey.error_code,
        status=journey.status,
        dropped_fields=journey.dropped,
    )


def timestamp(at: float) -> str:
    """Unix time in seconds as ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def plain(text: str, limit: int = NAME) -> str:
    """Text from outside as every database takes it: no NUL, no half surrogate, not too long."""
    if text.isascii():
        return text[:limit] if "\0" not in text else text.replace("\0", "\ufffd")[:limit]
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")[:limit]


def _decision(hint: str | None, plan: Plan | None) -> DecisionRecord:
    hint = plain(hint) if hint is not None else None
    if plan is None:
        return DecisionRecord(hint)
    return DecisionRecord(
        hint,
        plain(plan.alias) if plan.alias is not None else None,
        tuple(
            CandidateRecord(one.provider.name, one.model, one.is_local_fallback)
            for one in plan.candidates[:LISTED]
        ),
        tuple(
            RejectionRecord(one.target.provider, one.model, one.rejection)
            for one in plan.verdicts[:LISTED]
            if one.rejection is not None
        ),
        tuple(SkippedRecord(rule, why) for rule, why in plan.skipped[:LISTED]),
        plain(plan.warning, 2000),
    )


def _usage(usage: Usage | None) -> UsageRecord | None:
    if usage is None:
        return None
    return UsageRecord(
        usage.prompt, usage.completion, usage.cached, usage.cache_written, usage.reasoning
    )
