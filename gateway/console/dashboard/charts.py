"""The charts of the dashboard as the browser draws them. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.console.dashboard.figures import Figures
from gateway.console.monitoring.ranges import in_address
from governance.interactions.traffic_sums import TrafficSums

ENDINGS: Final[tuple[tuple[str | Promise, str, tuple[str, ...]], ...]] = (
    (gettext_lazy("Answered"), "accent", ("ok",)),
    (gettext_lazy("Client disconnected"), "quiet", ("cancelled",)),
    (
        gettext_lazy("Rejected"),
        "warn",
        ("refused", "callers_fault", "too_long", "unfit"),
    ),
    (gettext_lazy("Failed"), "bad", ("retryable", "misconfigured", "error")),
)
"""How requests end, as the chart tells it: label, tone, outcomes."""

PANELS: Final = (
    ("requests", gettext_lazy("Requests by outcome"), gettext_lazy("requests")),
    ("errors", gettext_lazy("Error share"), gettext_lazy("% of requests")),
    ("latency", gettext_lazy("Time to the first token"), gettext_lazy("ms")),
    ("tokens", gettext_lazy("Tokens"), gettext_lazy("tokens")),
    ("cost", gettext_lazy("Cost"), gettext_lazy("US dollars")),
    ("cached", gettext_lazy("Cached share"), gettext_lazy("% of tokens in")),
)
"""The charts: name, title, unit."""


def charts(found: Figures) -> dict[str, Any]:
    """By the name of the canvas."""
    shared = {
        "step": found.step,
        "begins": [in_address(one) for one in found.edges[:-1]],
        "ends": in_address(found.edges[-1]),
        "marks": [
            {"at": one.when.isoformat(), "label": f"{one.who}: {one.summary}"[:120]}
            for one in found.changes
        ],
    }
    drawn: dict[str, dict[str, Any]] = {
        "requests": {"unit": "count", "stacked": True, "series": _requests(found)},
        "errors": {"unit": "percent", "kind": "line", "series": _errors(found)},
        "latency": {"unit": "ms", "kind": "line", "series": _latency(found)},
        "tokens": {"unit": "tokens", "stacked": True, "series": _tokens(found)},
        "cost": {"unit": "usd", "series": _cost(found)},
        "cached": {"unit": "percent", "kind": "line", "series": _cached(found)},
    }
    return {name: {**shared, **chart} for name, chart in drawn.items()}


def _requests(found: Figures) -> list[dict[str, Any]]:
    outcomes = [
        _series(str(label), tone, (_of(bar, among) for bar in found.bars))
        for label, tone, among in ENDINGS
    ]
    before = found.before_bars
    return [
        *outcomes,
        _series(_("The time before"), "before", before, kind="line", dashed=True),
    ]


def _errors(found: Figures) -> list[dict[str, Any]]:
    shares = (_percent(bar.error_share) for bar in found.bars)
    return [_series(_("Error share"), "bad", shares)]


def _latency(found: Figures) -> list[dict[str, Any]]:
    return [
        _series(_("Median"), "accent", (p50 for p50, _p95 in found.latencies)),
        _series(_("95th percentile"), "warn", (p95 for _p50, p95 in found.latencies)),
    ]


def _tokens(found: Figures) -> list[dict[str, Any]]:
    return [
        _series(_("Tokens in"), "accent", (bar.prompt_tokens for bar in found.bars)),
        _series(_("Tokens out"), "busy", (bar.completion_tokens for bar in found.bars)),
    ]


def _cost(found: Figures) -> list[dict[str, Any]]:
    return [_series(_("Cost"), "accent", (bar.cost_usd for bar in found.bars))]


def _cached(found: Figures) -> list[dict[str, Any]]:
    shares = (_percent(bar.cached_share) for bar in found.bars)
    return [_series(_("Cached share of tokens in"), "accent", shares)]


def _series(label: str, tone: str, values: Iterable[Any], **more: Any) -> dict[str, Any]:
    return {"label": label, "tone": tone, "values": list(values), **more}


def _of(bar: TrafficSums, outcomes: Iterable[str]) -> int:
    return sum(bar.outcomes.get(one, 0) for one in outcomes)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)
