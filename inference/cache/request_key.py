"""By what a request is recognised: everything that its answer depends on, and nothing else. PURE.

Members of the body may come in any order, with any white space, escapes and forms of numbers, and a
member that is `null` is not there. Deeper members keep their order: a model reads a schema in it.
What tells requests apart and changes no answer is left out: names of sessions, users and traces,
and the model's name, which the profile and its virtual model stand for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from governance.kinds import caller_headers
from governance.kinds.kind import HOPS_HEADER, TRACE_HEADERS
from inference.values.parsed_request import ParsedRequest
from inference.values.session import HEADER_NAMES

LONGEST: Final = 1024 * 1024
"""Bytes of a body that is looked at: it takes some 10 ms of this."""
_SESSIONS: Final = frozenset(name.decode().replace("-", "_") for name in HEADER_NAMES)
_LEFT_OUT: Final = _SESSIONS | {
    *("model", "routing_profile", "stream", "stream_options", "user", "safety_identifier")
}
_OF_METADATA: Final = _SESSIONS | {
    *("routing_profile", "user_id", "trace_id", "trace_user_id", "request_id", "generation_id")
}
_HEADERS: Final = caller_headers() - TRACE_HEADERS - {HOPS_HEADER}


class Ambiguous(ValueError):
    """What is not recognised: a member that stands there twice, a number that is none."""


def request_key(
    request: ParsedRequest, path: str, profile: str, alias: str | None, owner: str, secret: bytes
) -> bytes:
    """32 bytes. `owner` says whose answers they are; `secret` keeps whoever sees the result from
    trying what was asked. Raises `Ambiguous`.
    """
    said = json.dumps(
        [
            *(path, profile, alias, owner),
            request.routing_request.stream,
            _headers(request.headers),
            _body(request),
        ],
        separators=(",", ":"),
    )
    return hashlib.blake2b(said.encode(), digest_size=32, key=secret).digest()


def _body(request: ParsedRequest) -> list[tuple[str, Any]]:
    if len(request.body) > LONGEST:
        raise Ambiguous("The body is too long.")
    try:
        whole = _decoder.decode(request.body.decode())
    except (ValueError, RecursionError) as error:
        raise Ambiguous(str(error)) from None
    kept = {name: one for name, one in whole.items() if name not in _LEFT_OUT and one is not None}
    if request.routing_request.stream and whole.get("stream_options") is not None:
        kept["stream_options"] = whole["stream_options"]
    metadata = kept.pop("metadata", None)
    if isinstance(metadata, dict):
        metadata = {name: one for name, one in metadata.items() if name not in _OF_METADATA}
    if metadata:
        kept["metadata"] = metadata
    return sorted(kept.items())


def _headers(headers: Mapping[bytes, bytes]) -> list[tuple[str, str]]:
    return sorted(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers.items()
        if name in _HEADERS
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Providers differ in which of two members of one name they read."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Ambiguous("A member stands there twice.")
    return found


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _no_number(text: str) -> Any:
    raise Ambiguous(f"{text} is no number of JSON.")


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_number, parse_constant=_no_number
)
