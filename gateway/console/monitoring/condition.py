"""A provider's condition in a few words, from the log and from the process asked. No IO."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from gateway.console.monitoring.current_health import CurrentHealth
from gateway.console.monitoring.troubles import Recent

NEARLY: Final = 80.0
"""Percent of a limit from which it is told."""


@dataclass(frozen=True, slots=True)
class ProviderCondition:
    """How a provider fares."""

    code: str
    """One of `CODES`."""
    words: str | Promise
    detail: str | Promise


_OVERRIDDEN: Final = {
    "drain": ProviderCondition(
        "drained",
        gettext_lazy("drained"),
        gettext_lazy("An operator lets it have no new requests."),
    ),
    "open": ProviderCondition(
        "forced_open",
        gettext_lazy("forced open"),
        gettext_lazy("An operator has it tried after all others."),
    ),
    "closed": ProviderCondition(
        "forced_closed",
        gettext_lazy("forced closed"),
        gettext_lazy("An operator holds no failures against it."),
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
        detail = gettext("It answered %(code)s: credential, model name or account are wrong.") % {
            "code": code
        }
        return ProviderCondition("refused", gettext("refuses the gateway"), detail)
    detail = gettext("%(failed)s of the last %(tried)s attempts failed, the latest: %(code)s.") % {
        "failed": recent.failed,
        "tried": recent.tried,
        "code": code,
    }
    return ProviderCondition("failing", gettext("failing"), detail)


def _held(live: CurrentHealth) -> ProviderCondition | None:
    """What this process holds against it."""
    cooling = [one for one in live.models if one.cooling_down]
    if cooling:
        seconds = max(one.seconds for one in cooling)
        names = _names(one.model for one in cooling)
        detail = gettext("%(names)s: tried after all others for %(seconds)s s more.") % {
            "names": names,
            "seconds": f"{seconds:.0f}",
        }
        return ProviderCondition("cooling_down", gettext("cooling down"), detail)
    trial = [one.model for one in live.models if one.on_trial]
    if trial:
        detail = gettext("%(names)s: one request finds out whether it answers again.") % {
            "names": _names(trial)
        }
        return ProviderCondition("on_trial", gettext("on trial"), detail)
    recovering = [one for one in live.models if one.share < 1.0]
    if recovering:
        share = min(one.share for one in recovering)
        names = _names(one.model for one in recovering)
        detail = gettext(
            "%(names)s: answers again, and gets %(share)s of its requests for now."
        ) % {"names": names, "share": f"{share:.0%}"}
        return ProviderCondition(
            "recovering", gettext("recovering, %(share)s") % {"share": f"{share:.0%}"}, detail
        )
    used = max((one.used_percent or 0.0 for one in live.models), default=0.0)
    if used >= NEARLY:
        detail = gettext("Targets stop at the share of the limit that they allow.")
        return ProviderCondition(
            "limited", gettext("%(used)s %% of its limit") % {"used": f"{used:.3g}"}, detail
        )
    if live.saturated:
        detail = gettext(
            "All of the %(slots)s requests it may be sent at a time are under way."
        ) % {"slots": live.slots}
        return ProviderCondition("saturated", gettext("busy"), detail)
    return None


def _fine(recent: Recent | None) -> ProviderCondition:
    if recent is None:
        detail = gettext("No attempt in the last quarter of an hour tells anything.")
        return ProviderCondition("unknown", gettext("no requests"), detail)
    if recent.failed:
        code = recent.code.replace("_", " ")
        detail = gettext("%(failed)s of the last %(tried)s attempts failed: %(code)s.") % {
            "failed": recent.failed,
            "tried": recent.tried,
            "code": code,
        }
        return ProviderCondition("some_failures", gettext("some failures"), detail)
    detail = (
        (gettext("It answered the last %(tried)s attempts.") % {"tried": recent.tried})
        if recent.tried > 1
        else gettext("It answered.")
    )
    return ProviderCondition("answering", gettext("answering"), detail)


def _names(models: Iterable[str]) -> str:
    return ", ".join(models)
