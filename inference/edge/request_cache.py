"""What a profile's cache does for one request: finds its answer, or keeps the one it gets."""

from __future__ import annotations

import asyncio
from typing import Final

from governance.interactions.record import FROM_CACHE, AttemptRecord, Usage
from governance.routing.caching import SHARED, bypass_reason
from governance.routing.plan import OVERLOADED, Candidate, Plan
from governance.routing.table import CachePolicy, RoutingTable
from inference.cache.answer_cache import AnswerCache
from inference.cache.cached_answer import CachedAnswer
from inference.cache.request_key import Ambiguous, request_key
from inference.dispatch.side_effects import refers_elsewhere, uses_tools
from inference.dispatch.upstream_protocol import RESPONSES, upstream_protocol
from inference.edge import response_headers
from inference.edge.answer_capture import AnswerCapture, source_of
from inference.edge.answer_delivery import AnswerDelivery
from inference.edge.answer_writer import AnswerWriter
from inference.endpoints.keeping import is_kept
from inference.record.record import RequestContext
from inference.upstream.backend import backend_of
from inference.values.kept_answer import Keeper
from inference.values.parsed_request import ParsedRequest

HIT: Final = "hit"
MISS: Final = "miss"
BYPASS: Final = "bypass"
_UNFINISHED: Final = frozenset({"content_filter", "error"})
"""Why an answer ended that may end otherwise the next time."""


class RequestCache:
    """Of a request to a profile that has a cache. `context.cache` says what came of it."""

    def __init__(
        self,
        cache: AnswerCache,
        policy: CachePolicy,
        request: ParsedRequest,
        context: RequestContext,
        table: RoutingTable,
        path: str,
        keeper: Keeper | None,
    ) -> None:
        self._cache = cache
        self._policy = policy
        self._request = request
        self._context = context
        self._table = table
        self._capture: AnswerCapture | None = None
        self._directives = _directives(request.headers.get(b"cache-control", b""))
        self._key = self._key_of(path) if self._may(keeper) else None
        context.cache = MISS if self._key and not self._directives else BYPASS

    async def find(self) -> CachedAnswer | None:
        """The answer, if there is one that a target of the plan gave which may still be asked."""
        if self._context.cache != MISS:
            return None
        assert self._key is not None
        found = await self._cache.find(self._key, self._policy.ttl, private=self._private)
        if found is None or self._candidate(found) is None:
            return None
        return found

    async def give(self, found: CachedAnswer, writer: AnswerWriter) -> None:
        """Gives the answer to the caller, and notes it as an answer that cost nothing."""
        context, candidate = self._context, self._candidate(found)
        plan = context.plan
        assert candidate is not None
        assert plan is not None
        others = (one for one in plan.candidates if not one.same_place(candidate))
        context.plan = plan._replace(candidates=(candidate, *others))
        context.cache = HIT
        context.model, context.finish_reason = found.model, found.finish_reason
        context.usage, context.dropped = Usage(), found.dropped
        context.attempts.append(
            AttemptRecord(
                candidate.provider.name,
                candidate.model,
                *("ok", FROM_CACHE, 0, 0.0),
                usage=context.usage,
                cost_usd=0.0,
            )
        )
        age = str(max(0, int(self._cache.clock() - found.made))).encode()
        headers = [(b"age", age), *response_headers.answered(context, candidate, 0)]
        if not found.stream:
            kind = (b"content-type", found.media_type.encode("latin-1"))
            await writer.respond(200, [kind, *headers], found.body)
            return
        await writer.head(200, [*response_headers.stream(found.media_type), *headers])
        if self._policy.cadence:
            await _paced(found, writer)
        else:
            await writer.last(found.body)

    def capture(self, delivery: AnswerDelivery) -> AnswerDelivery | AnswerCapture:
        """What the answer is to go through, so that `keep` has it."""
        if self._key is None or "no-store" in self._directives:
            return delivery
        loop = asyncio.get_running_loop()
        self._capture = AnswerCapture(delivery, loop.time)
        return self._capture

    def keep(self) -> None:
        """The caller has the answer. It is kept if it is the first choice's, whole and unbroken."""
        context, capture = self._context, self._capture
        if capture is None or self._key is None or context.outcome != "ok":
            return
        last = context.attempts[-1] if context.attempts else None
        if last is None or last.code != "ok" or context.fallback != "none" or self._stands_in():
            return
        if context.finish_reason in _UNFINISHED or self._sealed(capture.candidate):
            return
        stream = self._request.routing_request.stream
        answer = capture.answer(context, self._cache.clock(), stream=stream)
        if answer is not None:
            self._cache.put(self._key, answer, self._policy.ttl, private=self._private)

    def _stands_in(self) -> bool:
        """Whether another target would answer, if it were well: its answers are to come back with
        it. A session that stays with who took over is no better."""
        plan = self._context.plan
        assert plan is not None
        return plan.sticky == "served" or any(
            one.demoted is not None or one.rejection in OVERLOADED for one in plan.verdicts
        )

    @property
    def _private(self) -> bool:
        """The answer stays in this process, since nothing may leave the machine."""
        plan, key = self._context.plan, self._context.virtual_key
        profile = plan.profile if plan is not None else None
        return (profile is not None and profile.local_only) or (key is not None and key.local_only)

    def _may(self, keeper: Keeper | None) -> bool:
        """Whether an answer to this request may be given again at all."""
        request = self._request
        if bypass_reason(self._policy, request.routing_request):
            return False
        if (uses_tools(request) and not self._policy.tools) or refers_elsewhere(request):
            return False
        # What is kept has an id of its own, by which it can be deleted and gone on from.
        response = request.routing_request.request_type == RESPONSES
        return not (response and keeper is not None and is_kept(request, keeper))

    def _key_of(self, path: str) -> bytes | None:
        plan, key = self._context.plan, self._context.virtual_key
        assert plan is not None
        assert plan.profile is not None
        assert key is not None
        # Answers of the Responses API have ids that are sealed for the key that asked.
        shared = self._policy.scope == SHARED
        shared = shared and self._request.routing_request.request_type != RESPONSES
        owner = "*" if shared else f"key:{key.id}"
        try:
            return request_key(
                self._request, path, plan.profile.id, plan.alias, owner, self._cache.secret
            )
        except Ambiguous:
            return None

    def _sealed(self, candidate: Candidate | None) -> bool:
        """Whether the answer is shared, and has ids that mean nothing to another key."""
        request = self._request
        if candidate is None or self._policy.scope != SHARED:
            return False
        if request.routing_request.request_type == RESPONSES:
            return False
        usual = backend_of(candidate.provider).kind.translation(candidate.model)
        return request.sealed or upstream_protocol(candidate, request, usual) == RESPONSES

    def _candidate(self, found: CachedAnswer) -> Candidate | None:
        """Who gave it, if this request may go there now: on a hit everything holds that holds for
        a request that is sent, but for limits that only sending uses up."""
        plan: Plan | None = self._context.plan
        for verdict in plan.verdicts if plan is not None else ():
            if not verdict.kept and verdict.rejection not in OVERLOADED:
                continue
            provider = self._table.providers.get(verdict.target.provider.casefold())
            if provider is None:
                continue
            facts = self._table.facts(provider, verdict.model)
            candidate = Candidate(provider, verdict.model, verdict.target, facts)
            if source_of(candidate) == found.source:
                return candidate
        return None


async def _paced(found: CachedAnswer, writer: AnswerWriter) -> None:
    """The stream as slowly as it came."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    *pieces, last = found.pieces
    for piece in pieces:
        await asyncio.sleep(began + piece.after - loop.time())
        await writer.chunk(piece.data)
    await asyncio.sleep(began + last.after - loop.time())
    await writer.last(last.data)


def _directives(header: bytes) -> frozenset[str]:
    """Those of `cache-control` that callers are heard by (RFC 9111, section 5.2.1)."""
    words = {one.strip().lower() for one in header.decode("latin-1").split(",")}
    return frozenset(words & {"no-cache", "no-store"})
