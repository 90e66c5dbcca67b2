"""The way of one request, as its page draws it. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from governance.change_summary.times import readable_time
from governance.interactions.record import (
    FALLBACKS,
    OUTCOMES,
    UNITS,
    AttemptRecord,
    InteractionRecord,
)

REASONS: Final = {
    "caller_hint": "the caller named the routing profile",
    "api_key": "the API key is bound to it",
    "virtual_model": "the model begins with its virtual provider",
    "provider_model": "the model names the provider",
    "model_mapping": "a model mapping matched",
    "default": "it is the default",
    "shadow": "a copy of a request went to its shadow",
}
PASSED_OVER: Final = {
    "target_disabled": "the target is off",
    "virtual_model_mismatch": "for another virtual model",
    "request_type_mismatch": "for other types of request",
    "capability_mismatch": "lacks what the request needs",
    "provider_not_configured": "there is no such provider",
    "provider_disabled": "the provider is off",
    "cloud_routing_disabled": "cloud routing is off",
    "local_only": "only local providers are allowed",
    "model_missing": "no model is named",
    "context_too_small": "its context is too small for the prompt",
    "request_threshold_exceeded": "its share of requests is used up",
    "token_threshold_exceeded": "its share of tokens is used up",
    "budget_threshold_exceeded": "its share of the budget is used up",
}
"""Every one of `governance.routing.plan.REJECTIONS`, in words."""
STUCK: Final = {
    "hash": " The conversation sticks to its target.",
    "served": " The conversation stays at the target that answered it last.",
}
CACHED: Final = {
    "hit": _("answered from it, at no cost"),
    "miss": _("nothing there yet"),
    "bypass": _("not for this request"),
}
"""What came of the profile's cache."""
TONES: Final = {"ok": "good", "cancelled": "quiet", "refused": "warn", "callers_fault": "warn"}
"""Of outcomes; the others are bad."""

MARK: Final = 0.6
"""Width of the mark that is the first token."""
LEAST: Final = 1.2
"""Width of an attempt that took next to nothing beside the others: it can still be seen."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One attempt on the time line, which is 100 wide."""

    provider: str
    model: str
    words: str
    tone: str
    cause: str
    """Why it failed, in a sentence; empty where it answered."""
    took: str
    begin: float
    width: float
    local_fallback: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A place the plan allowed, and what came of it."""

    provider: str
    model: str
    words: str
    tone: str
    local_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    headline: str
    tone: str
    because: str
    """Why this profile or provider; empty when none was chosen."""
    stops: tuple[Stop, ...]
    passed_over: tuple[Stop, ...]
    legs: tuple[Leg, ...]
    scale: str
    """What the time line shows, in words; empty without attempts."""
    broke_off: bool
    """The answer had begun when it failed, and nobody went on with it."""
    first_token: float | None
    """Its place on the time line."""
    facts: tuple[tuple[str, str], ...]


def timeline_of(record: InteractionRecord) -> Timeline:
    total = max(record.duration_ms, _spent(record), record.first_token_ms or 0.0, 1.0)
    first = record.first_token_ms
    return Timeline(
        headline=_headline(record),
        tone="warn" if _locally(record) else TONES.get(record.outcome, "bad"),
        because=_because(record),
        stops=tuple(_stops(record)),
        passed_over=tuple(
            Stop(one.provider, one.model, PASSED_OVER.get(one.reason, one.reason), "quiet")
            for one in record.decision.rejections
        ),
        legs=tuple(_legs(record, total)),
        scale=_scale(record, total),
        broke_off=record.outcome not in ("ok", "cancelled") and first is not None,
        first_token=None if first is None else min(round(100 * first / total, 2), 100 - MARK),
        facts=tuple(_facts(record)),
    )


def _spent(record: InteractionRecord) -> float:
    """Milliseconds until the last attempt ended."""
    begun = 0.0
    for attempt in record.attempts:
        begun = max(begun, (attempt.started_ms or begun) + attempt.milliseconds)
    return begun


def _headline(record: InteractionRecord) -> str:
    said = OUTCOMES.get(record.outcome, record.outcome)
    if _locally(record):
        said = f"Answered by {record.provider} / {record.model}, which took over"
    elif record.decision.cache == "hit":
        said = _("Answered from the cache, as %(place)s had it") % {
            "place": f"{record.provider} / {record.model}"
        }
    elif record.outcome == "ok" and record.provider:
        said = f"{said} by {record.provider} / {record.model}"
    elif record.error_code:
        said = f"{said}: {record.error_code.replace('_', ' ')}"
    tries = len(record.attempts)
    after = f" after {tries} attempts" if tries > 1 else ""
    return f"{said}{after}, in {readable_time(record.duration_ms)}"


def _locally(record: InteractionRecord) -> bool:
    """Whether local inference answered in place of what was asked for."""
    return (record.outcome, record.fallback) == ("ok", "local")


def _because(record: InteractionRecord) -> str:
    kind, _, rule = record.reason.partition(":")
    if kind == "heuristic_rule":
        why = f"the rule “{rule}” matched"
    else:
        why = REASONS.get(record.reason, record.reason)
    if record.profile is not None:
        stuck = STUCK.get(record.decision.sticky, "")
        return f"Routing profile {record.profile.name}, because {why}.{stuck}"
    return f"No routing profile, because {why}." if why else ""


def _scale(record: InteractionRecord, total: float) -> str:
    if not record.attempts:
        return ""
    line = f"The line is {readable_time(total)} long"
    if record.first_token_ms is None:
        return f"{line}; no token came."
    return f"{line}; the mark is the first token, after {readable_time(record.first_token_ms)}."


def _stops(record: InteractionRecord) -> Iterator[Stop]:
    """Candidates in their order; several attempts at the same place are told apart by order."""
    tried = list(record.attempts)
    for one in record.decision.candidates:
        attempt = next((two for two in tried if _same(one, two)), None)
        if attempt is None:
            words, tone = "not needed" if record.outcome == "ok" else "not tried", "quiet"
        else:
            tried.remove(attempt)
            words, tone = _ended(attempt)
        if one.demoted:
            words = f"{_BEHIND.get(one.demoted, one.demoted.replace('_', ' '))}; {words}"
        yield Stop(one.provider, one.model, words, tone, one.local_fallback)


_BEHIND: Final = {
    "spilled": "spilled: its queue was long",
    "saturated": "busy",
    "forced_open": "taken out of service",
}
"""Why a candidate stood behind others, where the word itself does not say it."""


def _same(one: object, attempt: AttemptRecord) -> bool:
    place = (attempt.provider, attempt.model, attempt.local_fallback)
    return place == tuple(getattr(one, name) for name in ("provider", "model", "local_fallback"))


def _ended(attempt: AttemptRecord) -> tuple[str, str]:
    if attempt.code == "continued" and attempt.outcome == "ok":
        return "continued the answer", "good"
    if attempt.from_cache:
        return str(_("answered from the cache")), "good"
    if attempt.outcome == "ok":
        return "answered", "good"
    if attempt.lost_race:
        return "slower than the next", "quiet"
    return attempt.code.replace("_", " "), "quiet" if attempt.outcome == "cancelled" else "bad"


def _legs(record: InteractionRecord, total: float) -> Iterator[Leg]:
    """Each begins when it began; in records that do not tell, where the one before it ended."""
    begun = 0.0
    for attempt in record.attempts:
        if attempt.started_ms is not None:
            begun = attempt.started_ms
        words, tone = _ended(attempt)
        begin, width = 100 * begun / total, max(100 * attempt.milliseconds / total, LEAST)
        yield Leg(
            provider=attempt.provider,
            model=attempt.model,
            words=words,
            tone=tone,
            cause=attempt.cause,
            took=readable_time(attempt.milliseconds),
            begin=round(min(begin, 100 - width), 2),
            width=round(width, 2),
            local_fallback=attempt.local_fallback,
        )
        begun += attempt.milliseconds


def _count(number: int | None) -> str:
    """Nothing for nothing."""
    return f"{number:,}" if number else ""


def _cost(record: InteractionRecord) -> str:
    """An unknown price is said: it is not for free."""
    if record.cost_usd is None:
        return "price unknown" if record.usage else ""
    return f"${record.cost_usd:,.6f}"


def _units(record: InteractionRecord) -> Iterator[tuple[str, str]]:
    """What was counted beside tokens."""
    for name, count in ((record.usage and record.usage.units) or {}).items():
        yield UNITS.get(name, name), f"{count:,}"


def _status(record: InteractionRecord) -> str:
    if record.is_shadow:
        return str(_("none: it is a copy, which nobody was given"))
    return str(record.status) if record.status else "none: the caller left"


def _facts(record: InteractionRecord) -> Iterator[tuple[str, str]]:
    """What is known of the request and its answer; the rest is left out."""
    usage, key = record.usage, record.key
    known = (
        ("Key", key.name if key is not None else "none"),
        ("Protocol", record.protocol),
        ("Request type", record.request_type),
        ("Model asked for", record.requested_model or "none named"),
        ("Streamed", "yes" if record.stream else "no"),
        ("Messages", f"{record.messages:,}"),
        ("Tools", _count(record.tools)),
        ("Images", _count(record.features.images)),
        ("Needs", ", ".join(record.features.needs)),
        ("Status", _status(record)),
        ("Fallback", FALLBACKS.get(record.fallback, "") if record.fallback != "none" else ""),
        ("Because of", record.fallback_reason.replace("_", " ")),
        (str(_("Cache")), str(CACHED.get(record.decision.cache or "", ""))),
        ("First token", readable_time(record.first_token_ms)),
        ("Duration", readable_time(record.duration_ms)),
        ("Finished by", record.finish_reason),
        ("Answered by its own word", record.answered_model),
        ("Tokens in", f"{usage.prompt:,}" if usage else ""),
        ("of them cached", _count(usage.cached if usage else None)),
        ("Tokens out", f"{usage.completion:,}" if usage else ""),
        ("of them reasoning", _count(usage.reasoning if usage else None)),
        *_units(record),
        ("Estimated cost", _cost(record)),
        ("Left out for the provider", ", ".join(record.dropped_fields)),
        ("Request id", record.id),
    )
    return ((name, value) for name, value in known if value)
