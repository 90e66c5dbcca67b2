"""What a Responses request refers to, and who can answer it therefore.

A response, an item or a container is held by one provider and for one key. Whoever is asked must
be that provider; what another key made, or nobody, is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from governance.routing.plan import Candidate
from governance.routing.table import VirtualKey
from inference.dispatch.seals import seal_for
from inference.dispatch.upstream_protocol import speaks_responses
from inference.values.failures import Failure, Outcome
from inference.values.parsed_request import ParsedRequest
from inference.values.seal import GATEWAY, is_sealed

_NOT_KEPT: Final = (
    "This gateway keeps no responses: send the whole conversation in `input` instead of "
    "`previous_response_id`."
)
_NATIVE: Final = {
    "prompt": "No target of this request keeps prompt templates: send `instructions` and `input` "
    "instead of `prompt`.",
    "background": "No target of this request runs anything in the background: send "
    "`background: false` and `stream: true` for long answers.",
}
"""What only a provider that speaks the Responses API can do, and what to do instead."""
_SAYS_NOTHING: Final = (b"null", b"false", b'""')


class Reference(NamedTuple):
    """An id that stands for something which is kept."""

    field: str
    id: str


class Unreachable(Exception):
    """Nobody can be asked; the failure says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def references_in(fields: Mapping[str, msgspec.Raw]) -> list[Reference]:
    """Previous response, items and containers that a request names by their ids."""
    found: list[Reference] = []
    previous = _decoded(fields, "previous_response_id")
    if isinstance(previous, str) and previous:
        found.append(Reference("previous_response_id", previous))
    if b"item_reference" in bytes(fields.get("input", b"")):
        items = _decoded(fields, "input")
        found += _items(items if isinstance(items, list) else ())
    if b'"container"' in bytes(fields.get("tools", b"")):
        for place, tool in enumerate(_decoded(fields, "tools") or ()):
            container = tool.get("container") if isinstance(tool, dict) else None
            if isinstance(container, str):
                found.append(Reference(f"tools[{place}].container", container))
    return found


def _items(items: Any) -> Iterator[Reference]:
    for place, item in enumerate(items):
        if isinstance(item, dict) and item.get("type") == "item_reference":
            yield Reference(f"input[{place}].id", str(item.get("id") or ""))


def reachable(
    request: ParsedRequest,
    references: list[Reference],
    candidates: tuple[Candidate, ...],
    key: VirtualKey | None,
) -> tuple[tuple[Candidate, ...], list[Reference]]:
    """The candidates that have what the request refers to, and what of it the gateway keeps itself.

    Raises `Unreachable`.
    """
    native = tuple(filter(speaks_responses, candidates))
    for field, message in _NATIVE.items():
        if bytes(request.fields.get(field, b"null")) not in _SAYS_NOTHING:
            candidates = native
            if not native:
                raise Unreachable(unsupported(field, message))
    own = seal_for(key, GATEWAY)
    kept = [one for one in references if own.open(one.id) is not None]
    holders = {_holder(one, native, key) for one in references if one not in kept} - {""}
    if len(holders) > 1:
        raise Unreachable(
            Failure(
                Outcome.CALLERS_FAULT,
                "several_holders",
                "The request refers to what different providers hold.",
                400,
                field=references[-1].field,
            )
        )
    if holders:
        candidates = tuple(one for one in native if one.provider.name in holders)
    return candidates, kept


def _holder(reference: Reference, native: tuple[Candidate, ...], key: VirtualKey | None) -> str:
    """The provider that holds it; empty where the translation is to say what is the matter."""
    if not is_sealed(reference.id) and not native:
        if reference.field == "previous_response_id":
            raise Unreachable(unsupported(reference.field, _NOT_KEPT))
        return ""
    for name in dict.fromkeys(one.provider.name for one in native):
        if seal_for(key, name).open(reference.id) is not None:
            return name
    raise Unreachable(not_found(reference))


def unsupported(field: str, message: str) -> Failure:
    code = "unsupported_parameter"
    return Failure(Outcome.CALLERS_FAULT, code, message, 400, field=field)


def not_found(reference: Reference) -> Failure:
    """The same for what never was, is no more, or was made with another key."""
    name = reference.id if len(reference.id) <= 200 else f"{reference.id[:200]}..."
    return Failure(
        Outcome.CALLERS_FAULT,
        "not_found",
        f"`{reference.field}`: there is no {name!r} that this key was given by a target of this "
        "request.",
        404,
        field=reference.field,
    )


def _decoded(fields: Mapping[str, msgspec.Raw], name: str) -> Any:
    return msgspec.json.decode(fields[name]) if name in fields else None
