"""An endpoint of `/v1` as data: its path, what it reads, and which protocol its callers speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from inference.endpoints.parsed_request import ParsedRequest
from inference.protocols import CallersProtocol
from inference.translate.hub import DirectCaller

Parse = Callable[[bytes, Mapping[bytes, bytes]], ParsedRequest]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the API. A module of `inference.endpoints` that has an `ENDPOINT` is served."""

    path: str
    request_type: str
    protocol: CallersProtocol
    parse: Parse
    """The body and the caller's headers as a request. Raises `BadRequest`."""
    caller: DirectCaller
    """How its requests and answers are translated: the caller's half."""
