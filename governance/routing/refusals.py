"""Saying why a profile has nothing to offer, in words the caller can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from governance.routing.handles import LISTED, aliases, listing
from governance.routing.plan import ProfileChoice, Refusal, Verdict
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile
from governance.routing.verdicts import serves
from governance.texts import gettext

CALLERS: Final = (
    "context_too_small",
    "capability_mismatch",
    "request_type_mismatch",
    "model_missing",
)
"""Rejections that the caller can mend by asking for something else; a refusal is named after the
first that occurs."""

PASSED_OVER: Final = ("target_disabled", "virtual_model_mismatch")
"""Targets that were never meant for the request, and so say nothing about who is to blame."""


TOO_LONG: Final = "too_long"
"""The code by which every protocol tells its callers, in words their clients act upon, that the
prompt is too long."""


def refusal_for(
    routing_request: RoutingRequest, choice: ProfileChoice, verdicts: Sequence[Verdict]
) -> Refusal:
    """Why no candidate is left.

    404 when the profile has no such virtual model; 400 when every target in service lacks what
    the request needs; otherwise 503, since what could have served it is out of reach.
    """
    profile = choice.profile
    if not any(serves(target, choice.alias) for target in profile.targets):
        names = listing(f"{profile.virtual_provider}/{alias}" for alias in aliases(profile))
        message = gettext('"%(name)s" has no virtual model "%(alias)s". It has: %(names)s.') % {
            "name": profile.name,
            "alias": choice.alias,
            "names": names,
        }
        return Refusal(404, "model_not_found", message, "model")
    meant = [verdict for verdict in verdicts if verdict.rejection not in PASSED_OVER]
    found = {verdict.rejection for verdict in meant}
    if meant and found <= set(CALLERS):
        code = next(code for code in CALLERS if code in found)
        message = gettext("%(wanted)s %(nobody)s can answer: %(reasons)s") % {
            "wanted": _wanted(code, routing_request),
            "nobody": _nobody(profile),
            "reasons": reasons(meant),
        }
        if code == "context_too_small":
            return Refusal(400, TOO_LONG, message, None)
        return Refusal(400, code, message, "model")
    return Refusal(
        503,
        "no_candidate",
        gettext("%(nobody)s can answer now: %(reasons)s")
        % {"nobody": _nobody(profile), "reasons": reasons(verdicts)},
    )


def warning_for(profile: Profile, verdicts: Sequence[Verdict]) -> str:
    """Why local inference takes over, for the log and the record."""
    return gettext("%(nobody)s can answer, local inference takes over: %(reasons)s") % {
        "nobody": _nobody(profile),
        "reasons": reasons(verdicts),
    }


def reasons(verdicts: Sequence[Verdict]) -> str:
    """The rejections one after another, the first twenty."""
    said = [
        f"{_place(verdict)}: {verdict.rejection} ({verdict.detail.rstrip('.')})"
        for verdict in verdicts
        if verdict.rejection is not None
    ]
    more = (
        (gettext("; and %(count)s more") % {"count": len(said) - LISTED})
        if len(said) > LISTED
        else ""
    )
    return "; ".join(said[:LISTED]) + more + "."


def _wanted(code: str, routing_request: RoutingRequest) -> str:
    if code == "context_too_small":
        return gettext("The prompt has about %(prompt_tokens)s tokens.") % {
            "prompt_tokens": f"{routing_request.features.prompt_tokens:,}"
        }
    if code == "capability_mismatch":
        return gettext("The request needs %(listed)s.") % {
            "listed": ", ".join(sorted(routing_request.required_capabilities))
        }
    if code == "request_type_mismatch":
        return gettext("The request is of the type %(request_type)s.") % {
            "request_type": routing_request.request_type
        }
    return gettext("The request names no model.")


def _nobody(profile: Profile) -> str:
    if profile.implicit:
        return gettext('No model of the provider "%(name)s"') % {"name": profile.name}
    return gettext('No target of the routing profile "%(name)s"') % {"name": profile.name}


def _place(verdict: Verdict) -> str:
    provider = verdict.target.provider
    return f"{provider}/{verdict.model}" if verdict.model else provider
