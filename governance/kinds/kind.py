"""What there is to know about a kind of provider, as one frozen value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from governance.kinds.auth import Auth, Headers, KeyHeader
from governance.kinds.failure_words import SHARED, FailureWords
from governance.kinds.locality import is_loopback
from governance.kinds.model_rules import ModelRule
from governance.kinds.responses_api import ResponsesAPI

TRACE_HEADERS: Final = frozenset({b"traceparent", b"tracestate"})
"""W3C Trace Context: every kind that lets callers' headers through lets these through."""

HOPS_HEADER: Final = b"x-pointsman-hops"
"""The gateways a request has come through, as RFC 9110's `Via` but for these alone."""
HELD: Final = frozenset({"batches", "file_batches", "files", "message_files"})
"""Request types that make what a provider holds: only those kinds serve them which name them in
`holds`, since nothing of it can be translated."""

LIST_HEADERS: Final = frozenset({b"tracestate", HOPS_HEADER})
"""Headers with members, which may come in several lines (RFC 9110, section 5.3)."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A well-known place that answers, at the address its own documentation gives."""

    label: str
    name: str
    base_url: str
    is_local: bool = False
    rank: int = 10
    """Place among all presets; equal ranks go by kind and then as they stand in its file."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How a connection test asks for a completion, and how the models are listed."""

    completion_path: str = "/chat/completions"
    answer_field: str = "choices"
    """A list or an object of this name, or of any of these, makes the answer a completion."""
    limit_field: str = ""
    """The field that bounds the answer's tokens; empty: as OpenAI's models want it."""
    models_path: str = "/models"
    question: Callable[[str], tuple[str, Mapping[str, Any]]] | None = None
    """Path and body for a model, where they differ from the above by more than names."""
    models_base: Callable[[str], str] | None = None
    """The base URL below which models are listed, given that of requests, where it is another."""
    models_field: str = "data"
    """The list of models in the answer."""
    model_name: str = "id"
    """The member of each that names it."""
    name_after: str = ""
    """What stands before the model's own name, and is left out with all before it."""
    known_models: tuple[str, ...] = ()
    """Its models, where it lists none."""


def joined(base_path: str, query: str, path: str, model: str) -> str:
    """The usual address of a request: below the base path, with the base URL's query."""
    if not query:
        return base_path + path
    return f"{base_path}{path}{'&' if '?' in path else '?'}{query}"


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A kind of provider: what it is called, how it is reached and spoken to, how it behaves."""

    name: str
    label: str
    help: str
    """A sentence for operators who choose a kind."""
    protocol: str
    """What `inference.translate` has translations for: `openai`, `anthropic` and others."""
    rank: int = 100
    """Place where operators choose a kind."""
    dialect: str = ""
    """What it makes of its protocol where that needs a translation of its own."""
    dialect_of: Callable[[str], str] | None = None
    """The same for a model, where it speaks several."""
    request_types: frozenset[str] | None = None
    """The request types it can serve at all; None: every one its protocol has a translation for."""
    holds: frozenset[str] = frozenset()
    """What its providers hold for callers: of `HELD`."""
    engine: bool = False
    """The engine this installation runs: its socket is the address, its report lists the models
    and tells their health."""
    runtime: str = ""
    """Which of the engine's runtimes serves its models."""
    base_url: Literal["required", "forbidden"] = "required"
    base_path_end: str = ""
    """What the path of the base URL is completed with unless it ends so already."""
    base_url_query: bool = False
    """Whether the base URL may have a query, such as the version of an API."""
    address: Callable[[str, str, str, str], str] = joined
    """Path and query of a request, given those of the base URL, the path below it that the
    protocol has for the request, and the model."""
    stream_type: str = "text/event-stream"
    """The content type of its streams."""
    key_help: str = ""
    """What stands in the place of an API key, where it may be more than one; for operators."""
    auth: Auth = field(default_factory=KeyHeader)
    headers: Headers = ()
    """Sent unless the caller or the operator sets them."""
    caller_headers: frozenset[bytes] = frozenset()
    """Headers of the caller that travel to the upstream, in lower case."""
    list_headers: frozenset[bytes] = LIST_HEADERS
    """Of these, which are lists: the operator's members and the caller's stand side by side."""
    priority_header: str = ""
    """The header that tells the place in its queue; empty: it has no such queue."""
    most_concurrent: int | None = None
    """Requests at a time that it stands at most; also what holds where the operator sets none."""
    first_event_of_whole_answers: bool = True
    """Whether the timeout for the first event counts for whole answers too. Those of a local
    model start when they end, so there only the total counts."""
    stays: Callable[[str], bool] = is_loopback
    """Whether a base URL stays within the operator's walls where the operator does not say."""
    preferred_locally: bool = False
    """Whether it comes first as the local default."""
    counts_tokens: bool = False
    """Whether it tells how many tokens a prompt has, as Anthropic or the engine does."""
    probe: Probe = Probe()
    price_seller: str = ""
    """Whose list prices hold (a provider id of `genai-prices`) where the address is no known
    seller's; empty: none."""
    signs_of_life: bool = False
    """Whether it sends pings or comments while it has nothing to say: then only true silence
    counts as silence in the middle of an answer."""
    tells_progress: bool = False
    """Whether it sends something while it loads a model or reads a prompt, and only while it gets
    on: then the first event is waited for from the last of that."""
    prefill: str = ""
    """A regular expression for the models that go on with a last message of the assistant; empty:
    none is known to. Who refuses it after all is asked in another way."""
    failure_words: tuple[FailureWords, ...] = SHARED
    """What its errors mean; the first that is found counts. Words of its own stand before those
    that all share."""
    model_rules: tuple[ModelRule, ...] = ()
    """What its models are known to refuse."""
    responses: ResponsesAPI | None = None
    """How its providers speak OpenAI's Responses API beside their protocol; None: not at all."""
    presets: tuple[Preset, ...] = ()
    formerly: str = ""
    """The kind under which it was stored before, where that one had a base URL."""

    def translation(self, model: str) -> str:
        """The key of the translation for a model."""
        own = self.dialect_of(model) if self.dialect_of is not None else self.dialect
        return own or self.protocol

    def takes_prefill(self, model: str) -> bool:
        """Whether the model is said to go on with the beginning of an answer."""
        return bool(self.prefill) and re.match(self.prefill, model) is not None

    def serves(self, request_type: str) -> bool:
        if request_type in HELD:
            return request_type in self.holds
        return self.request_types is None or request_type in self.request_types

    def stays_here(self, base_url: str) -> bool:
        """Whether what is sent there stays within the walls, as far as the address says.

        The engine's own address is no base URL: one that is given is looked at like any other.
        """
        return self.stays(base_url) if base_url else self.engine

    def permits(self, limit: int | None) -> int | None:
        """How many requests at a time it may be sent, given the operator's limit."""
        if self.most_concurrent is None:
            return limit
        return min(limit or self.most_concurrent, self.most_concurrent)
