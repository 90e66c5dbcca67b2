"""A request for one candidate, repaired and repeated where a provider refuses a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from governance.kinds.model_rules import Fix, fixes_for
from inference.dispatch.large_bodies import LARGE, apart
from inference.dispatch.reading import refusal
from inference.dispatch.repair_book import RepairBook
from inference.translate.repairs import REPAIRS, recognise, refuses_member, repaired
from inference.upstream import Reply
from inference.upstream.backend import Backend
from inference.values.failures import AttemptFailed, Failure, Outcome
from inference.values.reported_error import ReportedError, read_error

log = structlog.get_logger("pointsman.dispatch")

MOST: Final = 4
"""Repairs of one attempt. Each refusal names one thing."""
_REPAIRABLE: Final = frozenset({400, 413, 422})
MEMBER_REFUSED: Final = "member_refused"
"""The code of a failure that lies in a member which the provider does not know and others do."""


class RepairedRequest:
    """A request's body for one candidate, with what was changed in it."""

    __slots__ = ("_backend", "_book", "_known", "_learned", "_left", "_model", "_original",
                 "_relearning", "body", "dropped")  # fmt: skip

    def __init__(self, book: RepairBook, backend: Backend, model: str, body: bytes) -> None:
        self._book, self._backend, self._model = book, backend, model
        self._original = self.body = body
        self.dropped: tuple[str, ...] = ()
        self._left = MOST
        self._learned: list[Fix] = []
        known = book.known(backend.provider, model)
        self._relearning = bool(known)
        self._known = (*fixes_for(backend.kind.model_rules, model), *known)

    async def prepare(self) -> None:
        """What the model is known to refuse is changed before anything is sent."""
        if self._known:
            self.body, self.dropped = await _repaired(self.body, self._known)

    def refused_by(self, reply: Reply) -> bool:
        """Whether the reply refuses the request; of one that does not, what was learned from those
        before it is remembered."""
        if not 200 <= reply.status < 300:
            return True
        if self._learned:
            self._remember()
        return False

    async def mend(self, reply: Reply) -> None:
        """Changes the body in answer to a refusal. Raises `AttemptFailed` for one that no repair
        answers."""
        failure = await refusal(reply, self._backend.kind.failure_words)
        if not self._left or not await self._mend(failure):
            raise AttemptFailed(_classified(failure))
        self._left -= 1

    async def _mend(self, failure: Failure) -> bool:
        """Whether the body was changed in a way that answers the refusal."""
        if failure.upstream_status not in _REPAIRABLE or failure.opaque:
            return False
        reported = read_error(failure.body)
        for fix in recognise(reported):
            body, names = await _repaired(self.body, (fix,))
            if names:
                self.body = body
                self.dropped = tuple(dict.fromkeys((*self.dropped, *names)))
                self._learned.append(fix)
                return True
        return await self._forgets(reported)

    async def _forgets(self, reported: ReportedError) -> bool:
        """What was remembered and is now asked for: the request goes out as it came."""
        if not self._relearning or not any(
            name.rpartition(".")[2] in reported.text for name in self.dropped
        ):
            return False
        self._relearning = False
        self._book.unlearn(self._backend.provider, self._model)
        rules = fixes_for(self._backend.kind.model_rules, self._model)
        self.body, self.dropped = await _repaired(self._original, rules)
        self._learned.clear()
        return True

    def _remember(self) -> None:
        provider = self._backend.provider
        log.info(
            "request_repaired",
            provider=provider.name,
            model=self._model,
            repairs=[" ".join(fix).strip() for fix in self._learned],
        )
        lasting = [fix for fix in self._learned if REPAIRS[fix.repair].lasting]
        if lasting:
            self._book.learn(provider, self._model, lasting)


async def _repaired(body: bytes, fixes: Sequence[Fix]) -> tuple[bytes, tuple[str, ...]]:
    """As `repaired`: of a large body apart, where its messages may be many small ones."""
    if len(body) < LARGE:
        return repaired(body, fixes)
    return await apart(repaired, body, fixes)


def _classified(failure: Failure) -> Failure:
    """A refusal of what other providers know is for the next candidate to take."""
    if failure.outcome is not Outcome.CALLERS_FAULT or failure.upstream_status not in _REPAIRABLE:
        return failure
    if failure.code.startswith("http_") and refuses_member(read_error(failure.body)):
        return Failure(
            Outcome.UNFIT,
            MEMBER_REFUSED,
            "The provider does not know a member of the request.",
            failure.status,
            failure.body,
            upstream_status=failure.upstream_status,
        )
    return failure
