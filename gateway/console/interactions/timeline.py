"""The way of one request, as its page draws it. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from django.utils.translation import ngettext

from governance.change_summary.times import readable_time
from governance.interactions.record import (
    FALLBACKS,
    OUTCOMES,
    UNITS,
    AttemptRecord,
    InteractionRecord,
)

REASONS: Final = {
    "caller_hint": N_("the caller named the routing profile"),
    "api_key": N_("the API key is bound to it"),
    "virtual_model": N_("the model begins with its virtual provider"),
    "provider_model": N_("the model names the provider"),
    "model_mapping": N_("a model mapping matched"),
    "default": N_("it is the default"),
    "shadow": N_("a copy of a request went to its shadow"),
}
PASSED_OVER: Final = {
    "target_disabled": N_("the target is off"),
    "virtual_model_mismatch": N_("for another virtual model"),
    "request_type_mismatch": N_("for other types of request"),
    "capability_mismatch": N_("lacks what the request needs"),
    "provider_not_configured": N_("there is no such provider"),
    "provider_disabled": N_("the provider is off"),
    "drained": N_("the provider is drained: it takes no new requests"),
    "cloud_routing_disabled": N_("cloud routing is off"),
    "local_only": N_("only local providers are allowed"),
    "model_missing": N_("no model is named"),
    "context_too_small": N_("its context is too small for the prompt"),
    "request_threshold_exceeded": N_("its share of requests is used up"),
    "token_threshold_exceeded": N_("its share of tokens is used up"),
    "budget_threshold_exceeded": N_("its share of the budget is used up"),
}
"""Every one of `governance.routing.plan.REJECTIONS`, in words."""
STUCK: Final = {
    "hash": N_("The conversation sticks to its target."),
    "served": N_("The conversation stays at the target that answered it last."),
}
CACHED: Final = {
    "hit": N_("answered from it, at no cost"),
    "miss": N_("nothing there yet"),
    "bypass": N_("not for this request"),
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
            Stop(one.provider, one.model, _(PASSED_OVER.get(one.reason, one.reason)), "quiet")
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
    said = _(OUTCOMES.get(record.outcome, record.outcome))
    place = {"place": f"{record.provider} / {record.model}"}
    if _locally(record):
        said = _("Answered by %(place)s, which took over") % place
    elif record.decision.cache == "hit":
        said = _("Answered from the cache, as %(place)s had it") % place
    elif record.outcome == "ok" and record.provider:
        said = _("Answered by %(place)s") % place
    elif record.error_code:
        said = f"{said}: {record.error_code.replace('_', ' ')}"
    tries = len(record.attempts)
    if tries > 1:
        said += " " + ngettext("after %(count)s attempt", "after %(count)s attempts", tries) % {
            "count": tries
        }
    return _("%(said)s, in %(time)s") % {
        "said": said,
        "time": readable_time(record.duration_ms),
    }


def _locally(record: InteractionRecord) -> bool:
    """Whether local inference answered in place of what was asked for."""
    return (record.outcome, record.fallback) == ("ok", "local")


def _because(record: InteractionRecord) -> str:
    kind, _colon, rule = record.reason.partition(":")
    if kind == "heuristic_rule":
        why = _("the rule “%(rule)s” matched") % {"rule": rule}
    else:
        why = _(REASONS.get(record.reason, record.reason)) if record.reason else ""
    if record.profile is not None:
        stuck = _(STUCK[record.decision.sticky]) if record.decision.sticky in STUCK else ""
        said = {"profile": record.profile.name, "why": why}
        told = _("Routing profile %(profile)s, because %(why)s.") % said
        return f"{told} {stuck}".rstrip()
    return _("No routing profile, because %(why)s.") % {"why": why} if why else ""


def _scale(record: InteractionRecord, total: float) -> str:
    if not record.attempts:
        return ""
    told = {"total": readable_time(total), "first": readable_time(record.first_token_ms)}
    if record.first_token_ms is None:
        return _("The line is %(total)s long; no token came.") % told
    return _("The line is %(total)s long; the mark is the first token, after %(first)s.") % told


def _stops(record: InteractionRecord) -> Iterator[Stop]:
    """Candidates in their order; several attempts at the same place are told apart by order."""
    tried = list(record.attempts)
    for one in record.decision.candidates:
        attempt = next((two for two in tried if _same(one, two)), None)
        if attempt is None:
            words, tone = _("not needed") if record.outcome == "ok" else _("not tried"), "quiet"
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
        return _("continued the answer"), "good"
    if attempt.from_cache:
        return _("answered from the cache"), "good"
    if attempt.outcome == "ok":
        return _("answered"), "good"
    if attempt.lost_race:
        return _("slower than the next"), "quiet"
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
        return _("price unknown") if record.usage else ""
    return f"${record.cost_usd:,.6f}"


def _units(record: InteractionRecord) -> Iterator[tuple[str, str]]:
    """What was counted beside tokens."""
    for name, count in ((record.usage and record.usage.units) or {}).items():
        yield _(UNITS.get(name, name)), f"{count:,}"


def _status(record: InteractionRecord) -> str:
    if record.is_shadow:
        return _("none: it is a copy, which nobody was given")
    return str(record.status) if record.status else _("none: the client disconnected")


def _facts(record: InteractionRecord) -> Iterator[tuple[str, str]]:
    """What is known of the request and its answer; the rest is left out."""
    usage, key = record.usage, record.key
    known = (
        (_("Key"), key.name if key is not None else _("none")),
        (_("Protocol"), record.protocol),
        (_("Request type"), record.request_type),
        (_("Model asked for"), record.requested_model or _("none named")),
        (_("Streamed"), _("yes") if record.stream else _("no")),
        (_("Messages"), f"{record.messages:,}"),
        (_("Tools"), _count(record.tools)),
        (_("Images"), _count(record.features.images)),
        (_("Needs"), ", ".join(record.features.needs)),
        (_("Status"), _status(record)),
        (
            _("Fallback"),
            _(FALLBACKS.get(record.fallback, record.fallback)) if record.fallback != "none" else "",
        ),
        (_("Because of"), record.fallback_reason.replace("_", " ")),
        (
            _("Cache"),
            _(CACHED[record.decision.cache]) if record.decision.cache in CACHED else "",
        ),
        (_("First token"), readable_time(record.first_token_ms)),
        (_("Duration"), readable_time(record.duration_ms)),
        (_("Finished by"), record.finish_reason),
        (_("Model reported by provider"), record.answered_model),
        (_("Tokens in"), f"{usage.prompt:,}" if usage else ""),
        (_("of them cached"), _count(usage.cached if usage else None)),
        (_("Tokens out"), f"{usage.completion:,}" if usage else ""),
        (_("of them reasoning"), _count(usage.reasoning if usage else None)),
        *_units(record),
        (_("Estimated cost"), _cost(record)),
        (_("Left out for the provider"), ", ".join(record.dropped_fields)),
        (_("Request id"), record.id),
    )
    return ((name, value) for name, value in known if value)
