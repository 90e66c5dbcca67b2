"""One question to a provider, for an operator who wants to know whether it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.translation import gettext

from governance.kinds.kind import Probe
from governance.routing.table import ProviderEntry
from inference.translate.chat.limit_field import limit_field
from inference.upstream import (
    ConnectFailed,
    ConnectTimedOut,
    ResponseTooLarge,
    UpstreamError,
)
from inference.upstream.backend import Backend, UnusableProvider, backend_of
from inference.upstream.provider_request import ask
from inference.upstream.tokens import TokenUnavailable
from inference.values.failures import of_status
from inference.values.reported_error import read_error

ANSWER_LIMIT: Final = 8 * 1024 * 1024
"""Bytes; the longest lists of models are below one MiB."""
PATIENCE: Final = 60.0
"""Seconds an operator waits at most, whatever the provider's own limits allow."""
NAMES_LIMIT: Final = 2000
NAME_LENGTH: Final = 200
SENTENCE: Final = 300
"""Characters of the provider's own words."""


class Unanswered(Exception):
    """It did not answer as it should; the message is for operators and holds no credential."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A completion came."""

    milliseconds: int
    """From before the connection was made until the answer was whole."""
    model: str
    """The model that answered by its own account; the one asked for where it gives none."""


def complete(provider: ProviderEntry, model: str) -> Answered:
    """Asks for one token in the provider's protocol. Blocks; raises `Unanswered`."""
    backend = _ready(provider)
    probe = backend.kind.probe
    path, asked = (probe.question or _question(probe))(model)
    started = time.perf_counter()
    answer = _told(backend, "POST", path, json.dumps(asked).encode(), model)
    taken = round((time.perf_counter() - started) * 1000)
    names = probe.answer_field.split()
    if isinstance(answer, list) or not any(
        isinstance(answer.get(name), list | dict) for name in names
    ):
        raise Unanswered(gettext("It answered, but with no completion. Is the base URL the API's?"))
    return Answered(taken, _name(backend, answer.get("model")) or model)


def _question(probe: Probe) -> Callable[[str], tuple[str, Mapping[str, Any]]]:
    def question(model: str) -> tuple[str, Mapping[str, Any]]:
        limit = probe.limit_field or limit_field(model)
        messages = [{"role": "user", "content": "Hi"}]
        return probe.completion_path, {"model": model, "messages": messages, limit: 1}

    return question


def listed(provider: ProviderEntry) -> tuple[str, ...]:
    """The models the provider lists, in its order, each once. Blocks; raises `Unanswered`."""
    backend = _ready(provider)
    probe = backend.kind.probe
    if probe.known_models:
        return probe.known_models
    if probe.models_base is not None:
        backend = _ready(replace(provider, base_url=probe.models_base(provider.base_url)))
    answer = _told(backend, "GET", probe.models_path, b"")
    rows = answer.get(probe.models_field) if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise Unanswered(
            gettext("It answered, but with no list of models. Is the base URL the API's?")
        )
    told = (row.get(probe.model_name) for row in rows if isinstance(row, dict))
    if probe.name_after:
        told = (str(name).rpartition(probe.name_after)[2] for name in told)
    names = (_name(backend, name) for name in told)
    return tuple(dict.fromkeys(filter(None, names)))[:NAMES_LIMIT]


def _ready(provider: ProviderEntry) -> Backend:
    try:
        return backend_of(provider)
    except UnusableProvider as error:
        raise Unanswered(str(error)) from None


def _told(
    backend: Backend, method: str, path: str, body: bytes, model: str = ""
) -> dict[str, Any] | list[Any]:
    provider = backend.provider
    patience = min(PATIENCE, provider.first_event_timeout, provider.total_timeout or PATIENCE)
    try:
        response = ask(
            backend,
            method,
            path,
            body,
            model=model,
            connect_timeout=min(PATIENCE, provider.connect_timeout),
            patience=patience,
            limit=ANSWER_LIMIT,
        )
    except ConnectTimedOut:
        raise Unanswered(
            gettext("No connection within %(connect_timeout)s seconds.")
            % {"connect_timeout": f"{provider.connect_timeout:g}"}
        ) from None
    except ConnectFailed as error:
        cause = error.cause or gettext("nothing answers there, or the name is unknown")
        raise Unanswered(gettext("No connection: %(cause)s.") % {"cause": cause}) from None
    except TimeoutError:
        raise Unanswered(
            gettext("No whole answer within %(patience)s seconds.") % {"patience": f"{patience:g}"}
        ) from None
    except ResponseTooLarge:
        raise Unanswered(gettext("The answer is larger than any answer to this can be.")) from None
    except TokenUnavailable as error:
        raise Unanswered(str(error)) from None
    except UpstreamError as error:
        why = f": {error.cause}" if error.cause else ""
        raise Unanswered(
            gettext("The connection broke before the answer was whole%(why)s.") % {"why": why}
        ) from None
    if response.status_code != 200:
        words = backend.kind.failure_words
        failure = of_status(response.status_code, response.content, words=words)
        raise Unanswered(f"{failure.message}{_said(backend, response.content)}")
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict | list):
        raise Unanswered(gettext("It answered, but not with JSON. Is the base URL the API's?"))
    return answer


def _said(backend: Backend, body: bytes) -> str:
    """The provider's own sentence, credentials struck out; empty where it has none."""
    # One that sends back what it was sent may cut a credential off where its sentence ends.
    words = " ".join(read_error(backend.redacted(body)).message.split())
    if not words or not words.isprintable():
        return ""
    return gettext(" It says: “%(value)s”") % {
        "value": words if len(words) <= SENTENCE else f"{words[: SENTENCE - 1]}…"
    }


def _name(backend: Backend, value: object) -> str:
    """A model's name as it can stand on a page, credentials struck out; empty for what is none."""
    if not isinstance(value, str) or len(value) > NAME_LENGTH or not value.isprintable():
        return ""
    return backend.redacted(value.encode()).decode()
