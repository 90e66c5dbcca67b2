"""A finished request as a record. PURE."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import msgspec

from governance.interactions.record import (
    AttemptRecord,
    CandidateRecord,
    DecisionRecord,
    FeaturesRecord,
    InteractionRecord,
    NamedRef,
    RejectionRecord,
    SkippedRecord,
)
from governance.routing.plan import Plan
from governance.routing.request import RoutingRequest
from governance.routing.table import VirtualKey
from inference.record.record import RequestContext

LISTED: Final = 50
"""Candidates, rejections and attempts of one record at most."""
NAME: Final = 300
"""Characters kept of a name that a caller or an upstream chose."""
_UNREAD: Final = RoutingRequest(request_type="", required_capabilities=frozenset())
"""Stands for a request that was refused before it was read."""
_NO_PLAN: Final = Plan()


def describe(
    context: RequestContext, cost_usd: float | None = None, node: str = ""
) -> InteractionRecord:
    """The record, without content; costs are usually filled in later, by whoever knows prices."""
    routing_request, virtual_key, plan = (
        context.routing_request or _UNREAD,
        context.virtual_key,
        context.plan or _NO_PLAN,
    )
    features, profile = routing_request.features, plan.profile
    attempts = _attempts(context)
    last = attempts[-1] if attempts else None
    first_token, fallback = context.first_token, context.fallback
    return InteractionRecord(
        id=context.id,
        time=timestamp(context.at),
        node=node,
        key=_key(virtual_key),
        group=context.group,
        owner=_owner(virtual_key),
        session=context.session,
        protocol=context.protocol,
        request_type=routing_request.request_type,
        requested_model=plain(routing_request.model),
        profile=None if profile is None or profile.implicit else NamedRef(profile.id, profile.name),
        reason=plan.reason,
        decision=_decision(routing_request.profile_hint, plan, context),
        attempts=tuple(attempts),
        provider=last.provider if last is not None else "",
        model=last.model if last is not None else "",
        answered_model=plain(context.model),
        stream=routing_request.stream,
        messages=features.messages,
        tools=features.tools,
        features=_features(routing_request),
        duration_ms=tenths(context.duration * 1000),
        first_token_ms=None if first_token is None else tenths(first_token * 1000),
        usage=context.usage,
        cost_usd=cost_usd,
        finish_reason=plain(context.finish_reason, 40),
        fallback=fallback,
        fallback_reason="" if fallback == "none" else context.first_failure,
        outcome=str(context.outcome),
        error_code=context.error_code,
        status=context.status,
        dropped_fields=context.dropped,
    )


def _features(routing_request: RoutingRequest) -> FeaturesRecord:
    features = routing_request.features
    return FeaturesRecord(
        _sorted(routing_request.required_capabilities),
        features.last_user_characters,
        features.prompt_tokens,
        features.images,
        features.reasoning,
    )


def _key(key: VirtualKey | None) -> NamedRef | None:
    return None if key is None else NamedRef(key.id, key.name)


def _owner(key: VirtualKey | None) -> NamedRef | None:
    return NamedRef(key.owner, key.owner) if key is not None and key.owner else None


def _attempts(context: RequestContext) -> list[AttemptRecord]:
    attempts = context.attempts[-LISTED:]
    for one in attempts:
        one.milliseconds = tenths(one.milliseconds)
        if one.started_ms is not None:
            one.started_ms = tenths(one.started_ms)
        if one.cause:
            one.cause = plain(one.cause)
    if attempts and attempts[-1].usage is None:
        # Usage is known when the answer ends, which is after its attempt was noted.
        attempts[-1].usage = context.usage
    return attempts


def tenths(number: float) -> float:
    """Rounded to one decimal, where halves need not be told apart: `round` takes thrice as
    long, which is felt where it is called four times for each request."""
    return int(number * 10 + 0.5) / 10


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


_decisions: Final[dict[int, tuple[Plan, DecisionRecord]]] = {}
"""Of plans that repeat. An entry holds its plan, so that the identity it is kept under cannot pass
to another one."""
_MOST_DECISIONS: Final = 1024


def _decision(hint: str | None, plan: Plan, context: RequestContext) -> DecisionRecord:
    if not plan.repeats or hint is not None or context.cache or context.shadow or context.shadow_of:
        return _told(hint, plan, context)
    kept = _decisions.get(id(plan))
    if kept is not None:
        return kept[1]
    if len(_decisions) >= _MOST_DECISIONS:
        _decisions.clear()
    told = _told(None, plan, context)
    _decisions[id(plan)] = plan, told
    return told


def _told(hint: str | None, plan: Plan, context: RequestContext) -> DecisionRecord:
    demoted = {id(one.target): one.demoted for one in plan.verdicts if one.demoted is not None}
    return DecisionRecord(
        None if hint is None else plain(hint),
        None if plan.alias is None else plain(plan.alias),
        # From lists: a generator costs more than what it makes here.
        tuple(
            [
                CandidateRecord(
                    one.provider.name,
                    one.model,
                    one.is_local_fallback,
                    demoted.get(id(one.target), msgspec.UNSET) if demoted else msgspec.UNSET,
                )
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
        plan.sticky,
        context.cache or msgspec.UNSET,
        context.shadow or msgspec.UNSET,
        context.shadow_of or msgspec.UNSET,
    )
