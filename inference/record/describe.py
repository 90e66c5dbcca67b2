"""A finished request as a record. PURE."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
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
)
from governance.routing.plan import Plan
from governance.routing.request import RoutingRequest
from inference.record.record import RequestContext

LISTED: Final = 50
"""Candidates, rejections and attempts of one record at most."""
NAME: Final = 300
"""Characters kept of a name that a caller or an upstream chose."""
_UNREAD: Final = RoutingRequest(request_type="", needs=frozenset())
"""Stands for a request that was refused before it was read."""
_NO_PLAN: Final = Plan()


def describe(
    journey: RequestContext, cost_usd: float | None = None, node: str = ""
) -> InteractionRecord:
    """The record, without content; costs are usually filled in later, by whoever knows prices."""
    ask, grant, plan = journey.ask or _UNREAD, journey.grant, journey.plan or _NO_PLAN
    features, profile = ask.features, plan.profile
    attempts = _attempts(journey)
    last = attempts[-1] if attempts else None
    first_token = journey.first_token
    return InteractionRecord(
        id=journey.id,
        time=timestamp(journey.at),
        node=node,
        key=Named(grant.id, grant.name) if grant is not None else None,
        group=journey.group,
        owner=Named(grant.owner, grant.owner) if grant is not None and grant.owner else None,
        session=journey.session,
        protocol=journey.protocol,
        request_type=ask.request_type,
        requested_model=plain(ask.model),
        profile=None if profile is None or profile.implicit else Named(profile.id, profile.name),
        reason=plan.reason,
        decision=_decision(ask.hint, plan),
        attempts=tuple(attempts),
        provider=last.provider if last is not None else "",
        model=last.model if last is not None else "",
        answered_model=plain(journey.model),
        stream=ask.stream,
        messages=features.messages,
        tools=features.tools,
        features=FeaturesRecord(
            _sorted(ask.needs),
            features.last_user_characters,
            features.prompt_tokens,
            features.images,
            features.reasoning,
        ),
        duration_ms=round(journey.duration * 1000, 1),
        first_token_ms=None if first_token is None else round(first_token * 1000, 1),
        usage=journey.usage,
        cost_usd=cost_usd,
        finish_reason=plain(journey.finish_reason, 40),
        fallback=journey.fallback,
        outcome=str(journey.outcome),
        error_code=journey.error_code,
        status=journey.status,
        dropped_fields=journey.dropped,
    )


def _attempts(journey: RequestContext) -> list[AttemptRecord]:
    attempts = journey.attempts[-LISTED:]
    for one in attempts:
        one.milliseconds = round(one.milliseconds, 1)
    if attempts and attempts[-1].usage is None:
        # Usage is known when the answer ends, which is after its attempt was noted.
        attempts[-1].usage = journey.usage
    return attempts


def timestamp(at: float) -> str:
    """Unix time in seconds as ISO 8601 with milliseconds."""
    second = math.floor(at)
    return f"{_second(second)}.{int((at - second) * 1000):03d}Z"


@lru_cache(maxsize=16)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()[:19]


def plain(text: str, limit: int = NAME) -> str:
    """Text from outside as every database takes it: no NUL, no half surrogate, not too long."""
    if text.isascii():
        return text[:limit] if "\0" not in text else text.replace("\0", "\ufffd")[:limit]
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")[:limit]


@lru_cache(maxsize=256)
def _sorted(needs: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(needs))


def _decision(hint: str | None, plan: Plan) -> DecisionRecord:
    return DecisionRecord(
        None if hint is None else plain(hint),
        None if plan.alias is None else plain(plan.alias),
        # From lists: a generator costs more than what it makes here.
        tuple(
            [
                CandidateRecord(one.provider.name, one.model, one.is_local_fallback)
                for one in plan.candidates[:LISTED]
            ]
        ),
        tuple(
            [
                RejectionRecord(one.target.provider, one.model, one.rejection)
                for one in plan.verdicts[:LISTED]
                if one.rejection is not None
            ]
        ),
        tuple([SkippedRecord(rule, why) for rule, why in plan.skipped[:LISTED]]),
        plain(plan.warning, 2000) if plan.warning else "",
    )
