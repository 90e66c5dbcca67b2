"""A provider's condition in a few words, from the log and from the process asked. No IO."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.console.monitoring.current_health import CurrentHealth
from gateway.console.monitoring.troubles import Recent

NEARLY: Final = 80.0
"""Percent of a limit from which it is told."""


@dataclass(frozen=True, slots=True)
class ProviderCondition:
    """How a provider fares."""

    code: str
    """One of `CODES`."""
    words: str
    detail: str


_OVERRIDDEN: Final = {
    "drain": ProviderCondition("drained", "drained", "An operator lets it have no new requests."),
    "open": ProviderCondition(
        "forced_open", "forced open", "An operator has it tried after all others."
    ),
    "closed": ProviderCondition(
        "forced_closed", "forced closed", "An operator holds no failures against it."
    ),
}
CODES: Final = (
    "drained",
    "forced_open",
    "forced_closed",
    "refused",
    "failing",
    "cooling_down",
    "on_trial",
    "recovering",
    "limited",
    "saturated",
    "some_failures",
    "answering",
    "unknown",
)
"""The worst first."""


def condition(
    recent: Recent | None, live: CurrentHealth | None, override: str = ""
) -> ProviderCondition:
    """What an operator decided for now, else the worst that is known. What the log says holds for
    all processes of the service."""
    if override:
        return _OVERRIDDEN[override]
    return _troubled(recent) or _held(live or CurrentHealth()) or _fine(recent)


def _troubled(recent: Recent | None) -> ProviderCondition | None:
    if recent is None or not recent.troubled:
        return None
    code = recent.code.replace("_", " ")
    if recent.refused:
        detail = f"It answered {code}: credential, model name or account are wrong."
        return ProviderCondition("refused", "refuses the gateway", detail)
    detail = f"{recent.failed} of the last {recent.tried} attempts failed, the latest: {code}."
    return ProviderCondition("failing", "failing", detail)


def _held(live: CurrentHealth) -> ProviderCondition | None:
    """What this process holds against it."""
    cooling = [one for one in live.models if one.cooling_down]
    if cooling:
        seconds = max(one.seconds for one in cooling)
        names = _names(one.model for one in cooling)
        detail = f"{names}: tried after all others for {seconds:.0f} s more."
        return ProviderCondition("cooling_down", "cooling down", detail)
    trial = [one.model for one in live.models if one.on_trial]
    if trial:
        detail = f"{_names(trial)}: one request finds out whether it answers again."
        return ProviderCondition("on_trial", "on trial", detail)
    recovering = [one for one in live.models if one.share < 1.0]
    if recovering:
        share = min(one.share for one in recovering)
        names = _names(one.model for one in recovering)
        detail = f"{names}: answers again, and gets {share:.0%} of its requests for now."
        return ProviderCondition("recovering", f"recovering, {share:.0%}", detail)
    used = max((one.used_percent or 0.0 for one in live.models), default=0.0)
    if used >= NEARLY:
        detail = "Targets stop at the share of the limit that they allow."
        return ProviderCondition("limited", f"{used:.3g} % of its limit", detail)
    if live.saturated:
        detail = f"All of the {live.slots} requests it may be sent at a time are under way."
        return ProviderCondition("saturated", "busy", detail)
    return None


def _fine(recent: Recent | None) -> ProviderCondition:
    if recent is None:
        detail = "No attempt in the last quarter of an hour tells anything."
        return ProviderCondition("unknown", "no requests", detail)
    if recent.failed:
        code = recent.code.replace("_", " ")
        detail = f"{recent.failed} of the last {recent.tried} attempts failed: {code}."
        return ProviderCondition("some_failures", "some failures", detail)
    detail = (
        f"It answered the last {recent.tried} attempts." if recent.tried > 1 else "It answered."
    )
    return ProviderCondition("answering", "answering", detail)


def _names(models: Iterable[str]) -> str:
    return ", ".join(models)
