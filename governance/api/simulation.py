"""Simulating: what would happen to a request, by the function that live traffic passes through."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from governance import ports, snapshot
from governance.api.errors import NotImplementedHere
from governance.errors import Invalid, check
from governance.limit_shares import LimitShares
from governance.routing.beside import beside
from governance.routing.breaker import HealthReader, HealthStatus, Quiet
from governance.routing.course import SUPPOSED, course
from governance.routing.explain import explain_for
from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.limited_health import LimitedHealth
from governance.routing.request import Features, RoutingRequest
from governance.routing.resolve import route
from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from governance.routing.vocabulary import FEATURES, MODALITIES

CONDITIONS: Final[Mapping[str, HealthStatus]] = {
    "down": HealthStatus(state="open", until=inf),
    "slow": HealthStatus(saturated=True),
    "rate_limited": HealthStatus(request_percent=100.0),
    "queued": HealthStatus(),
    **dict.fromkeys(SUPPOSED, HealthStatus()),
}
"""What may be supposed of a provider: its breaker is open, all of its slots are taken, its limit
is used up, its queue is long, or it answers with silence or with a half."""

_CONTENT: Final = ("messages", "input", "prompt")
"""A document with one of these is a whole request."""
_HINT: Final = "x-routing-profile"


@dataclass(frozen=True, slots=True)
class Supposed(Quiet):
    """Health as the simulation supposes it, by casefolded provider name."""

    standings: Mapping[str, HealthStatus]

    queued: frozenset[str] = frozenset()
    """Providers at which a request would wait for long."""

    def status(self, provider: str, model: str) -> HealthStatus | None:
        return self.standings.get(provider)

    def wait(self, provider: str, model: str) -> float:
        return inf if provider in self.queued else 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a simulation is about: a request, who sends it, and how the providers fare."""

    routing_request: RoutingRequest
    virtual_key: VirtualKey
    health: HealthReader
    supposed: Mapping[str, str] = field(default_factory=dict)
    """The conditions, by casefolded provider."""


def run(document: object, caller: VirtualKey = ANONYMOUS) -> dict[str, Any]:
    """The decision on the request that the document describes. Raises `Invalid`."""
    table = snapshot.refresh()
    what = asked(document, table, caller)
    plan = route(
        what.routing_request, what.virtual_key, table, what.health, 0.0, random.SystemRandom()
    )
    told = explain_for(plan, what.virtual_key, table).document()
    if table.limits:
        told |= _limits(what, table, told)
    told |= beside(
        plan,
        what.routing_request,
        what.virtual_key,
        table,
        what.health,
        random.SystemRandom(),
    )
    return {
        **told,
        "course": [step.document() for step in course(plan, what.routing_request, what.supposed)],
        "request_type": what.routing_request.request_type,
        "capabilities": sorted(what.routing_request.required_capabilities),
    }


def _limits(what: Asked, table: RoutingTable, told: Mapping[str, Any]) -> dict[str, Any]:
    """The limits that bind the request, and the refusal if one of them is reached."""
    shares = LimitShares(what.routing_request, what.virtual_key, table)
    places = [(one["provider"], one["model"]) for one in told["candidates"]]
    places += [(one["provider"], one["model"]) for one in told["rejections"]]
    found: dict[str, Any] = {"limits": shares.documents(places)}
    limit = shares.refusing()
    if limit is not None and told["refusal"] is None:
        message = f'The limit "{limit.name}" of {limit.owner} is reached.'
        refusal = {"status": 429, "code": "limit_reached", "message": message, "field": None}
        found["refusal"] = refusal
    return found


def asked(document: object, table: RoutingTable, caller: VirtualKey = ANONYMOUS) -> Asked:
    """The request the document describes, the caller's unless it names another key.

    Raises `Invalid`.
    """
    if not isinstance(document, Mapping):
        message = f"A simulation must be an object, not {kind_of(document)}."
        raise Invalid(Problem("", "type", message))
    virtual_key = _grant(document, table) or caller
    supposed = _supposed(document, table)
    request = read(document)
    health: HealthReader = Supposed(
        {name: CONDITIONS[state] for name, state in supposed.items()},
        frozenset(name for name, state in supposed.items() if state == "queued"),
    )
    if table.limits:
        health = LimitedHealth(health, LimitShares(request, virtual_key, table))
    return Asked(request, virtual_key, health, supposed)


def read(document: Mapping[str, Any]) -> RoutingRequest:
    """The request the document describes: in a few words, or by a whole one."""
    try:
        return _read(document)
    except ports.PortsNotFilled:
        message = "Requests cannot be read here: the chat API is not running."
        raise NotImplementedHere(message) from None


def _read(document: Mapping[str, Any]) -> RoutingRequest:
    fields = Fields(document)
    request_type = fields.choice("request_type", ports.request_types(), default="chat")
    fields.choices("capabilities", MODALITIES + FEATURES)
    fields.text("model", 300)
    tokens = fields.number("prompt_tokens", 0, 1_000_000_000, integer=True)
    fields.text("routing_profile", 200)
    session = fields.text("session", 200)
    headers = _headers(fields)
    request = document.get("request")
    if request is not None and not isinstance(request, Mapping):
        fields.note("request", "type", f"request must be an object, not {kind_of(request)}.")
    profile_hint = document.get("routing_profile") or _metadata_hint(fields) or headers.get(_HINT)
    check(fields.found)
    required_capabilities = frozenset(document.get("capabilities") or ())
    whole = request if request is not None else document
    if request is None and not any(name in document for name in _CONTENT):
        return RoutingRequest(
            model=document.get("model") or "",
            request_type=request_type,
            required_capabilities=required_capabilities or frozenset({"text"}),
            profile_hint=profile_hint,
            # What is said in a few words stands for a caller who chats.
            stream=True,
            session=session,
            features=Features(prompt_tokens=int(tokens or 0)),
        )
    routing_request = ports.filled().read_request({**whole, "request_type": request_type})
    return routing_request._replace(
        model=document.get("model") or routing_request.model,
        request_type=request_type,
        required_capabilities=routing_request.required_capabilities | required_capabilities,
        profile_hint=profile_hint or routing_request.profile_hint,
        session=session or routing_request.session,
    )


def _metadata_hint(fields: Fields) -> str:
    metadata = fields.document.get("metadata")
    if not isinstance(metadata, Mapping):
        return ""
    within = Fields(metadata, "metadata", fields.found)
    return within.text("routing_profile", 200)


def _headers(fields: Fields) -> dict[str, str]:
    """Header names in lower case; problems are noted."""
    headers = fields.document.get("headers")
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        fields.note("headers", "type", f"headers must be an object, not {kind_of(headers)}.")
        return {}
    for name, value in headers.items():
        if not isinstance(value, str):
            fields.note(f"headers.{name}", "type", f"It must be a string, not {kind_of(value)}.")
    return {name.lower(): value for name, value in headers.items()}


def _grant(document: Mapping[str, Any], table: RoutingTable) -> VirtualKey | None:
    """The key the document names, None when it names none."""
    fields = Fields(document)
    identity = fields.text("virtual_key_id", 100)
    check(fields.found)
    if not identity:
        return None
    for virtual_key in table.virtual_keys.values():
        if virtual_key.id == identity:
            return virtual_key
    message = f'There is no API key with the id "{identity}".'
    raise Invalid(Problem("virtual_key_id", "unknown_key", message))


def _supposed(document: Mapping[str, Any], table: RoutingTable) -> Mapping[str, str]:
    """The conditions of providers, by their casefolded names."""
    given = document.get("what_if")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        message = f"what_if must be an object, not {kind_of(given)}."
        raise Invalid(Problem("what_if", "type", message))
    fields = Fields(given, "what_if")
    for name in given:
        fields.choice(name, tuple(CONDITIONS))
        if name.casefold() not in table.providers:
            fields.note(name, "unknown_provider", f'There is no provider "{name}".')
    check(fields.found)
    return {name.casefold(): state for name, state in given.items()}
