"""Saying why a profile has nothing to offer, in words the caller can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from governance.routing.ask import Ask
from governance.routing.handles import LISTED, aliases, listing
from governance.routing.plan import Choice, Refusal, Verdict
from governance.routing.table import Profile
from governance.routing.verdicts import serves

CALLERS: Final = frozenset({"capability_mismatch", "request_type_mismatch"})
"""Rejections that the caller can mend by asking for something else."""


def refusal_for(ask: Ask, choice: Choice, verdicts: Sequence[Verdict]) -> Refusal:
    """Why no candidate is left.

    404 when the profile has no such virtual model; 400 when every target in service lacks what
    the request needs; otherwise 503, since what could have served it is out of reach.
    """
    profile = choice.profile
    if not any(serves(target, choice.alias) for target in profile.targets):
        names = listing(f"{profile.virtual_provider}/{alias}" for alias in aliases(profile))
        message = f'"{profile.name}" has no virtual model "{choice.alias}". It has: {names}.'
        return Refusal(404, "model_not_found", message, "model")
    passed_over = ("target_disabled", "virtual_model_mismatch")
    serious = [verdict for verdict in verdicts if verdict.rejection not in passed_over]
    codes = {verdict.rejection for verdict in serious}
    if codes and codes <= CALLERS:
        return _callers(ask, profile, serious, codes)
    message = f"No target of {_subject(profile)} can answer now: {reasons(verdicts)}"
    return Refusal(503, "no_candidate", message)


def warning_for(profile: Profile, verdicts: Sequence[Verdict]) -> str:
    """Why local inference takes over, for the log and the record."""
    why = reasons(verdicts)
    return f"no target of {_subject(profile)} can answer, local inference takes over: {why}"


def reasons(verdicts: Sequence[Verdict]) -> str:
    """The rejections one after another, the first twenty."""
    said = [
        f"{_place(verdict)}: {verdict.rejection} ({verdict.detail.rstrip('.')})"
        for verdict in verdicts
        if verdict.rejection is not None
    ]
    more = f"; and {len(said) - LISTED} more" if len(said) > LISTED else ""
    return "; ".join(said[:LISTED]) + more + "."


def _callers(
    ask: Ask, profile: Profile, verdicts: Sequence[Verdict], codes: set[str | None]
) -> Refusal:
    if "capability_mismatch" in codes:
        code, needed = "capability_mismatch", ", ".join(sorted(ask.needs))
    else:
        code, needed = "request_type_mismatch", ask.request_type
    message = f"The request needs {needed}, which no target of {_subject(profile)} takes: "
    return Refusal(400, code, message + reasons(verdicts), "model")


def _subject(profile: Profile) -> str:
    what = "the provider" if profile.implicit else "the routing profile"
    return f'{what} "{profile.name}"'


def _place(verdict: Verdict) -> str:
    provider = verdict.target.provider
    return f"{provider}/{verdict.model}" if verdict.model else provider
