"""`POST /v1/batches`: made of a file, by the provider that holds it.

Source: OpenAI's API reference, "Create batch".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from governance.routing.handles import backend
from governance.routing.plan import Candidate, Plan, Refusal
from governance.routing.request import RoutingRequest
from governance.routing.table import RoutingTable, VirtualKey
from inference.dispatch.holders import holder_of
from inference.endpoints.endpoint import Endpoint
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.making_held import MakingHeld
from inference.translate.shelves import FILE_BATCHES
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import envelope, typed
from inference.values.session import session_of

LONGEST_NAME: Final = 500
"""Characters of an id."""


class _Batch(msgspec.Struct):
    input_file_id: str
    endpoint: str
    completion_window: str


_BATCH: Final = msgspec.json.Decoder(_Batch)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The batch a caller made. Raises `BadRequest` naming the field and the rule."""
    fields, asked = envelope(body), typed(_BATCH, body)
    if not 0 < len(asked.input_file_id) <= LONGEST_NAME:
        message = f"`input_file_id` must have 1 to {LONGEST_NAME} characters."
        raise BadRequest(message, "input_file_id")
    return ParsedRequest(
        routing_request=RoutingRequest(
            request_type="file_batches", required_capabilities=frozenset()
        ),
        body=body,
        fields={name: value for name, value in fields.items() if name != "routing_profile"},
        headers=headers,
        session=session_of(fields, headers),
        priority="low",
        sealed=True,
    )


def plan(request: ParsedRequest, key: VirtualKey, table: RoutingTable) -> Plan:
    """The holder of the file, whatever profile led there."""
    name = msgspec.json.decode(request.fields["input_file_id"])
    holder = holder_of(table, key, name)
    if holder is None:
        message = f"`input_file_id`: there is no file {name!r} that this key was given."
        return Plan(refusal=Refusal(404, "not_found", message, "input_file_id"))
    profile = backend(holder.provider, table)
    candidate = Candidate(holder.provider, "", profile.targets[0])
    return Plan(profile, "provider_model", candidates=(candidate,))


ENDPOINT: Final = Endpoint(
    "/v1/batches",
    "file_batches",
    OPENAI,
    parse,
    PassThroughCaller({"openai": MakingHeld(FILE_BATCHES)}),
    plan=plan,
)
