"""What a request would go through when targets fail in the middle, as steps for operators. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from governance.kinds import kind_named
from governance.routing.plan import Candidate, Plan
from governance.routing.request import RoutingRequest
from governance.routing.resilience import allowed_retries, hedge_after
from governance.routing.table import Profile
from governance.texts import gettext

DOWN: Final = "down"
SILENT: Final = "silent"
CUT: Final = "cut"
SUPPOSED: Final = (SILENT, CUT)
"""What may be supposed of a provider while it answers: nothing comes, or a half."""
_NO_PROFILE: Final = Profile(id="", name="", virtual_provider="", targets=())

_Step = tuple[Candidate, str, bool]
"""A candidate, what becomes of it, and whether it answers."""


@dataclass(frozen=True, slots=True)
class CourseStep:
    """One candidate's part."""

    provider: str
    model: str
    words: str
    """A sentence without its subject, which is the candidate."""
    answers: bool = False
    """Whether the caller's answer comes from it, or ends with it."""
    local_fallback: bool = False

    def document(self) -> dict[str, Any]:
        return {"provider": self.provider, "model": self.model, "words": self.words}


def course(
    plan: Plan, request: RoutingRequest, supposed: Mapping[str, str]
) -> tuple[CourseStep, ...]:
    """The steps of a request whose candidates fare as `supposed`, by casefolded provider."""
    return tuple(
        CourseStep(one.provider.name, one.model, words, answers, one.is_local_fallback)
        for one, words, answers in _steps(
            plan.profile or _NO_PROFILE, plan.candidates, request, supposed
        )
    )


def _steps(
    profile: Profile,
    candidates: Sequence[Candidate],
    request: RoutingRequest,
    supposed: Mapping[str, str],
) -> Iterator[_Step]:
    for place, one in enumerate(candidates):
        others = candidates[place + 1 :]
        meets = supposed.get(one.provider.name.casefold())
        if meets == DOWN:
            yield (
                one,
                gettext("cannot be reached%(again)s.") % {"again": _again(profile, others)},
                False,
            )
        elif meets == SILENT:
            yield one, _silent(profile, one, others, request), False
        elif meets == CUT and request.stream:
            yield one, gettext("begins its answer, which breaks off."), False
            yield from _broken(profile, [other for other in others if not _fails(other, supposed)])
            return
        elif meets == CUT:
            yield (
                one,
                gettext("breaks off before its answer is whole%(again)s.")
                % {"again": _again(profile, others)},
                False,
            )
        else:
            yield one, "answers.", True
            return


def _fails(candidate: Candidate, supposed: Mapping[str, str]) -> bool:
    return candidate.provider.name.casefold() in supposed


def _silent(
    profile: Profile, one: Candidate, others: Sequence[Candidate], request: RoutingRequest
) -> str:
    after = hedge_after(profile, one, request)
    if after is not None and others and not others[0].is_local_fallback:
        return gettext(
            "sends no token for %(after)s s; the next one is asked beside it, and the "
            "first to answer wins."
        ) % {"after": f"{after:g}"}
    deadline = one.provider.first_event_timeout
    return gettext("sends no token, and is given up after %(deadline)s s.") % {
        "deadline": f"{deadline:g}"
    }


def _again(profile: Profile, others: Sequence[Candidate]) -> str:
    retries = allowed_retries(profile.retries, is_last=not others)
    return gettext(", and is asked once more") if retries else ""


def _broken(profile: Profile, others: Sequence[Candidate]) -> Iterator[_Step]:
    following = next((one for one in others if not one.is_local_fallback), None)
    if profile.on_broken_stream != "continue" or following is None:
        return
    kind = kind_named(following.provider.kind)
    if kind is not None and kind.takes_prefill(following.model):
        words = gettext("is given what was sent, and goes on with it, if that is plain text.")
        yield following, words, True
    else:
        yield (
            following,
            gettext(
                "is asked the same; what it says again word for word is swallowed, and "
                "the rest follows. If it says something else, the stream ends in an "
                "error."
            ),
            True,
        )
