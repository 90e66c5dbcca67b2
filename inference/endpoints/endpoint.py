"""An endpoint of `/v1` as data: what it reads, which protocol its callers speak, who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from governance.routing.plan import Candidate, Plan
from governance.routing.request import RoutingRequest
from governance.routing.table import RoutingTable, VirtualKey
from inference.dispatch.dispatcher import Dispatcher
from inference.dispatch.results import Exhausted
from inference.endpoints.confusions import redirected
from inference.endpoints.handed_on import FormReading
from inference.protocols import CallersProtocol
from inference.translate.base import Translator
from inference.translate.hub import DirectCaller
from inference.translate.registry import translator_between
from inference.values.arriving_form import ArrivingForm
from inference.values.parsed_request import BadRequest, ParsedRequest

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
    """The caller's half of the translations of its requests and answers."""
    dispatch: Callable[[Dispatcher, tuple[Candidate, ...]], Awaitable[Exhausted | None]] = (
        Dispatcher.run
    )
    """How the plan's candidates are asked."""
    events: bool = True
    """Its streams are server-sent events, so that silence can be broken by one."""
    form: bool = False
    """Its requests are multipart forms and nothing else."""

    plan: Callable[[ParsedRequest, VirtualKey, RoutingTable], Plan] | None = None
    """Where its requests go, if what they refer to tells; None: the policy chooses."""
    forms: FormReading | None = None
    """How forms are read that are sent on while they arrive; None: bodies are read whole."""
    file_limit: bool = False
    """Its forms hold a file that a provider keeps, and may be as large as such files are."""

    def translator(self, upstream_protocol: str) -> Translator:
        """The translator towards an upstream's protocol. Raises `LookupError`."""
        return translator_between(self.caller, upstream_protocol)

    def read(self, body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
        """`parse`, which also tells a caller who is at the wrong path where to go."""
        try:
            return self.parse(body, headers)
        except BadRequest as error:
            raise redirected(self.path, error, body) from None

    def read_form(self, form: ArrivingForm, headers: Mapping[bytes, bytes]) -> ParsedRequest:
        """The request of a form, as far as it has come. Raises `BadRequest`."""
        assert self.forms is not None
        failure = form.failure
        if failure is not None:
            raise BadRequest(
                failure.message, failure.field, status=failure.status, code=failure.code
            )
        return self.forms.read(form, headers)

    def recorded(self, request: RoutingRequest) -> RoutingRequest:
        """The request as the record has it: under the endpoint's own type, whatever it is routed
        as."""
        if request.request_type == self.request_type:
            return request
        return request._replace(request_type=self.request_type)
